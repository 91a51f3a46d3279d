from thalweg.base.progress import counting, listening, part, track


def test_a_listener_hears_of_every_item_and_only_inside_its_block():
    heard = []
    with listening(lambda what, done, total: heard.append((what, done, total))):
        assert list(track("ab", "walking")) == ["a", "b"]
    list(track("abc", "walking"))
    assert heard == [("walking", 0, 2), ("walking", 1, 2), ("walking", 2, 2)]


def test_a_loop_inside_another_moves_that_one_on():
    """Of a race the bar had begun anew with every batch of every optimiser, and told nothing of the whole."""
    heard = []
    with listening(lambda *report: heard.append(report)):
        for _ in track("ab", "optimiser"):
            with part("tuning", 0, 0.5):
                list(track("xy", "descending"))
            with part("racing", 0.5, 1):
                list(track("x", "descending"))
    assert [report for report in heard if "1 of 2" in report[0]] == [
        ("optimiser 1 of 2, tuning, descending", 0.0, 2),
        ("optimiser 1 of 2, tuning, descending", 0.25, 2),
        ("optimiser 1 of 2, tuning, descending", 0.5, 2),
        ("optimiser 1 of 2, racing, descending", 0.5, 2),
        ("optimiser 1 of 2, racing, descending", 1.0, 2),
    ]
    assert [done for _, done, _ in heard] == sorted(done for _, done, _ in heard)
    assert {total for *_, total in heard} == {2}
    assert (heard[0], heard[-1]) == (("optimiser", 0, 2), ("optimiser", 2, 2))


def test_a_part_outside_a_loop_and_an_empty_loop_change_nothing():
    heard = []
    with listening(lambda *report: heard.append(report)), part("alone", 0, 0.5):
        list(track("a", "walking"))
        list(track("", "resting"))
    assert heard == [("walking", 0, 1), ("walking", 1, 1), ("resting", 0, 0)]


def test_a_loop_that_is_left_early_leaves_no_trace():
    heard = []
    with listening(lambda *report: heard.append(report)):
        loop = track("abc", "walking")
        next(loop)
        loop.close()
        list(track("a", "resting"))
    assert heard[-1] == ("resting", 1, 1)


def test_work_that_is_counted_by_itself_silences_the_loops_inside_and_fills_the_item_under_way():
    heard = []
    with listening(lambda *report: heard.append(report)):
        for _ in track("ab", "optimiser"):
            with counting("flowing", 8) as count:
                list(track("xyz", "batch"))
                count(4)
                count(8)
        with counting("flowing", 3) as count:
            count(2)
    assert [report for report in heard if "2 of 2" in report[0]] == [
        ("optimiser 2 of 2, flowing", 1.0, 2),
        ("optimiser 2 of 2, flowing", 1.5, 2),
        ("optimiser 2 of 2, flowing", 2.0, 2),
    ]
    assert heard[-2:] == [("flowing", 0, 3), ("flowing", 2, 3)]
