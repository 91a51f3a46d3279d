from thalweg.base.progress import listening, track


def test_a_listener_hears_of_every_item_and_only_inside_its_block():
    heard = []
    with listening(lambda what, done, total: heard.append((what, done, total))):
        assert list(track("ab", "walking")) == ["a", "b"]
    list(track("abc", "walking"))
    assert heard == [("walking", 0, 2), ("walking", 1, 2), ("walking", 2, 2)]
