"""The key of a form and the token of a private page."""

from django.test import override_settings

from consultations.tokens import SubmissionKey, token_hash


def test_key_survives_its_form_and_a_foreign_one_is_refused() -> None:
    key = SubmissionKey.new()
    assert SubmissionKey.from_form(key.for_form()) == key
    swapped = f"{key.secret}:{SubmissionKey.new().for_form().partition(':')[2]}"
    for sent in ("", "weak", "weak:signature", ":", "a" * 100_000, "\x00", "کلید:ا", swapped):
        assert SubmissionKey.from_form(sent) is None, sent[:20]


def test_keys_and_tokens_are_random_and_have_at_least_128_bits() -> None:
    keys = [SubmissionKey.new() for _ in range(100)]
    assert len({key.secret for key in keys}) == len({key.token for key in keys}) == 100
    assert all(len(secret) * 6 >= 128 for key in keys for secret in (key.secret, key.token))
    assert SubmissionKey(keys[0].secret, made_at=0).token == keys[0].token


def test_secret_key_of_the_site_changes_no_token_and_no_hash() -> None:
    key = SubmissionKey.new()
    before = (key.token, key.hash, token_hash(key.token))
    with override_settings(SECRET_KEY="another", SECRET_KEY_FALLBACKS=[]):
        assert (key.token, key.hash, token_hash(key.token)) == before


def test_form_from_before_the_secret_key_changed_is_known_by_the_old_one() -> None:
    with override_settings(SECRET_KEY="old"):
        sent = SubmissionKey.new().for_form()
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["old"]):
        assert SubmissionKey.from_form(sent)
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[]):
        assert SubmissionKey.from_form(sent) is None


def test_hashes_and_logs_reveal_no_secret() -> None:
    key = SubmissionKey.new()
    assert key.token not in (key.hash, token_hash(key.token))
    assert key.secret not in key.token
    assert key.secret not in repr(key)
