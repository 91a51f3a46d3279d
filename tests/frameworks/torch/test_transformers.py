"""Models of Hugging Face, from configurations, on dictionaries: losses of their own, of tokens that count, and of a step."""

import numpy as np
import pytest
import torch
import transformers as hf
from torch import nn
from torch.utils.data import DataLoader

from tests.frameworks.torch.independent import agrees
from thalweg.base.errors import InvalidValue
from thalweg.networks.batching import batches
from thalweg.networks.wrapping import wrap

hf.logging.set_verbosity_error()

SOURCE = torch.Generator().manual_seed(0)
IDS = torch.randint(1, 40, (6, 7), generator=SOURCE)
LENGTHS = torch.tensor([7, 3, 5, 7, 2, 6])[:, None]
MASK = (torch.arange(7) < LENGTHS).long()
LABELS = IDS.where(MASK.bool(), -100)
KINDS = torch.tensor([0, 1, 2, 0, 1, 2])
PICTURES = torch.randn(6, 3, 8, 8, generator=SOURCE, dtype=torch.float64)
SIZE = {"num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 16, "intermediate_size": 24, "num_labels": 3}
WORDS = {"vocab_size": 40, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
CAUSAL = {"input_ids": IDS, "attention_mask": MASK, "labels": LABELS}


def seeded(make, dtype=torch.float64):
    def made():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            return make().to(dtype).eval()

    return made


def bert():
    return hf.BertForSequenceClassification(hf.BertConfig(**SIZE, **WORDS, max_position_embeddings=16))


def gpt():
    return hf.GPT2LMHeadModel(hf.GPT2Config(n_embd=16, n_layer=2, n_head=2, n_positions=16, **WORDS))


def t5():
    sizes = {"d_model": 16, "d_kv": 8, "d_ff": 24, "num_layers": 1, "num_heads": 2}
    return hf.T5ForConditionalGeneration(hf.T5Config(**sizes, **WORDS, decoder_start_token_id=0))


def vit():
    return hf.ViTForImageClassification(hf.ViTConfig(**SIZE, image_size=8, patch_size=4))


def resnet():
    sizes = {"embedding_size": 4, "hidden_sizes": [4, 6], "depths": [1, 1], "layer_type": "basic"}
    return hf.ResNetForImageClassification(hf.ResNetConfig(**sizes, num_labels=3))


MODELS = {
    "BERT": (bert, {"input_ids": IDS, "attention_mask": MASK, "labels": KINDS}),
    "GPT-2": (gpt, CAUSAL),
    "T5": (t5, CAUSAL),
    "ViT": (vit, {"pixel_values": PICTURES, "labels": KINDS}),
    "ResNet": (resnet, {"pixel_values": PICTURES, "labels": KINDS}),
}


def own(model, batch):
    return model(**batch).loss


@pytest.mark.parametrize("name", MODELS)
def test_models_with_a_loss_of_their_own_are_given_a_dictionary(name):
    make, batch = MODELS[name]
    agrees(seeded(make), own, batch, loss=None, data=batch)
    net = wrap(seeded(make)(), None, hf.BatchEncoding(batch))
    assert net.value() == own(seeded(make)(), batch).item()


def test_steps_take_outputs_as_objects_and_tuples():
    data = (PICTURES, KINDS)

    def of_tuple(model, batch):
        return nn.functional.cross_entropy(model(batch[0], return_dict=False)[0], batch[1])

    wanted = of_tuple(seeded(vit)(), data).item()
    for loss in (
        of_tuple,
        lambda model, batch: model(pixel_values=batch[0], labels=batch[1]),
        lambda outputs, targets: nn.functional.cross_entropy(outputs.logits, targets),
    ):
        assert wrap(seeded(vit)(), loss, data).value() == wanted


def counting(model, batch):
    """Counts the tokens that the loss is a mean over: all but the first of each row, and none that are padding."""
    return model(**batch).loss, (batch["labels"][:, 1:] != -100).sum()


def test_means_over_tokens_are_exact_in_parts_where_the_step_counts_them_and_refused_elsewhere():
    model, whole = seeded(gpt)(), wrap(seeded(gpt)(), None, CAUSAL)
    rows = [{key: value[k] for key, value in CAUSAL.items()} for k in range(6)]
    loader = DataLoader(rows, batch_size=4)
    for data, options in ((CAUSAL, {"rows": 4}), (loader, {}), (batches(CAUSAL, rows=1), {})):
        net = wrap(model, counting, data, **options)
        assert len(net.portions) > 1
        # these models take losses in 32 bits whatever their own are
        assert net.value() == pytest.approx(whole.value(), rel=1e-6)
        np.testing.assert_allclose(net.gradient()[1], whole.gradient()[1], rtol=1e-5, atol=1e-7)
        vector = np.ones(net.position.size)
        np.testing.assert_allclose(net.hessian_product()(vector), whole.hessian_product()(vector), rtol=1e-4, atol=1e-6)
    for data, options in ((CAUSAL, {"rows": 4}), (loader, {})):
        with pytest.raises(InvalidValue, match="it is not additive over rows and cannot be put together from parts"):
            wrap(model, None, data, **options)


def test_without_labels_it_is_said_what_is_asked_for():
    with pytest.raises(InvalidValue, match="the step returned a CausalLMOutputWithCrossAttentions; return the loss"):
        wrap(seeded(gpt)(), None, {"input_ids": IDS})


def test_a_model_in_bfloat16_stays_one():
    make = seeded(gpt, torch.bfloat16)
    net = agrees(make, own, CAUSAL, loss=None, data=CAUSAL, tol=2e-2)  # kernels of attention round otherwise
    assert net.value() == own(make(), CAUSAL).item()
    assert (net.facts["precision"], net.facts["types"]) == (16, "bfloat16")
