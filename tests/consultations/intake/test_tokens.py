"""The key of a form and the token of a private page."""

from django.test import override_settings

from consultations.tokens import SubmissionKey, token_hash


def test_key_survives_its_form() -> None:
    key = SubmissionKey.new()
    assert SubmissionKey.from_form(key.for_form()) == key


def test_foreign_key_is_refused() -> None:
    for sent in ["", "weak", "weak:signature", ":", "a" * 100_000, "\x00", "کلید:ا"]:
        assert SubmissionKey.from_form(sent) is None


def test_a_key_with_another_signature_is_refused() -> None:
    signature = SubmissionKey.new().for_form().partition(":")[2]
    assert SubmissionKey.from_form(f"{SubmissionKey.new().secret}:{signature}") is None


def test_no_two_forms_have_the_same_key() -> None:
    assert len({SubmissionKey.new().secret for _ in range(100)}) == 100


def test_key_and_token_have_at_least_128_bits() -> None:
    key = SubmissionKey.new()
    assert len(key.secret) * 6 >= 128
    assert len(key.token) * 6 >= 128


def test_the_same_key_gives_the_same_token_and_another_key_another() -> None:
    key = SubmissionKey.new()
    assert SubmissionKey(key.secret, made_at=0).token == key.token
    assert SubmissionKey.new().token != key.token


def test_a_new_secret_key_of_the_site_changes_no_token_and_no_hash() -> None:
    key = SubmissionKey.new()
    before = (key.token, key.hash, token_hash(key.token))
    with override_settings(SECRET_KEY="another", SECRET_KEY_FALLBACKS=[]):
        assert (key.token, key.hash, token_hash(key.token)) == before


def test_a_form_from_before_the_secret_key_changed_is_known_by_the_old_one() -> None:
    with override_settings(SECRET_KEY="old"):
        sent = SubmissionKey.new().for_form()
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["old"]):
        assert SubmissionKey.from_form(sent)
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[]):
        assert SubmissionKey.from_form(sent) is None


def test_stored_hashes_open_nothing() -> None:
    key = SubmissionKey.new()
    assert key.token not in (key.hash, token_hash(key.token))
    assert key.secret not in key.token


def test_a_key_does_not_show_its_secret_in_a_log() -> None:
    key = SubmissionKey.new()
    assert key.secret not in repr(key)
