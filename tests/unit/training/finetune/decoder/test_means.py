"""What is done with the machine at hand."""

from __future__ import annotations

from training.finetune.decoder.means import choose_means
from training.finetune.decoder.recipe import Recipe


def test_a_gpu_with_bitsandbytes_trains_as_published():
    means = choose_means(Recipe(), gpu=True, bitsandbytes=True)
    assert (means.quantized, means.optimizer, means.max_length) == (
        True,
        "paged_adamw_8bit",
        12_000,
    )
    assert "QLoRA" in means.said() and "12000" in means.said()


def test_a_gpu_without_bitsandbytes_trains_plain_lora_on_whole_sequences():
    means = choose_means(Recipe(), gpu=True, bitsandbytes=False)
    assert (means.quantized, means.optimizer, means.max_length) == (False, "adamw_torch", 12_000)


def test_a_cpu_trains_plain_lora_on_shorter_sequences_and_says_so():
    means = choose_means(Recipe(max_length_without_gpu=900), gpu=False, bitsandbytes=True)
    assert (means.quantized, means.optimizer, means.max_length) == (False, "adamw_torch", 900)
    assert "plain LoRA" in means.said() and "CPU" in means.said() and "900" in means.said()


def test_quantisation_can_be_declined():
    recipe = Recipe(quantize="never")
    assert not choose_means(recipe, gpu=True, bitsandbytes=True).quantized


def test_a_sequence_is_no_longer_than_the_base_model_can_read():
    means = choose_means(Recipe(), gpu=True, bitsandbytes=True)
    assert means.within(8_192).max_length == 8_192
    assert means.within(131_072).max_length == means.within(None).max_length == 12_000
