"""Recording account events. Sign-in events come from the signals of Django and django-allauth."""

from typing import Any

from allauth.account.signals import user_logged_in
from allauth.mfa import signals as mfa_signals
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_out, user_login_failed
from django.dispatch import Signal, receiver
from django.http import HttpRequest, HttpResponse

from clinic_site.accounts import sessions, sign_in_limits
from clinic_site.accounts.models import AccountEvent, User

Kind = AccountEvent.Kind
Actor = User | AnonymousUser


def record(
    kind: AccountEvent.Kind, *, actor: Actor | None = None, subject: Actor | None = None, **detail: Any
) -> AccountEvent:
    """Store an event in the caller's transaction. ``detail`` must be serializable as JSON."""
    return AccountEvent.objects.create(
        kind=kind,
        actor=actor if isinstance(actor, User) else None,
        subject=subject if isinstance(subject, User) else None,
        detail=detail,
    )


@receiver(user_logged_in)
def record_sign_in(request: HttpRequest, response: HttpResponse, user: User, **kwargs: Any) -> None:
    record(Kind.SIGNED_IN, actor=user, subject=user)
    sign_in_limits.remember_browser(request, response, user)


@receiver(user_login_failed)
def record_wrong_password(credentials: dict[str, Any], **kwargs: Any) -> None:
    user = User.objects.filter(email__iexact=credentials.get("email", "")).first()
    record(Kind.SIGN_IN_FAILED, subject=user, step="password")


@receiver(mfa_signals.authentication_failed)
def record_wrong_code(user: User, **kwargs: Any) -> None:
    record(Kind.SIGN_IN_FAILED, subject=user, step="code")


@receiver(user_logged_out)
def record_sign_out(request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        reason = {"reason": "idle"} if sessions.seconds_left(request.session) <= 0 else {}
        record(Kind.SIGNED_OUT, actor=user, subject=user, **reason)


@receiver([mfa_signals.authenticator_added, mfa_signals.authenticator_removed])
def record_two_step_change(signal: Signal, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        was_added = signal is mfa_signals.authenticator_added
        kind = Kind.TWO_STEP_SET_UP if was_added else Kind.TWO_STEP_REMOVED
        record(kind, actor=user, subject=user, method=authenticator.type)


@receiver(mfa_signals.authenticator_reset)
def record_new_recovery_codes(user: User, **kwargs: Any) -> None:
    record(Kind.RECOVERY_CODES_RENEWED, actor=user, subject=user)


@receiver(mfa_signals.authenticator_used)
def record_used_recovery_code(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        # allauth marks the code as used on another copy of this row.
        authenticator.refresh_from_db()
        left = len(authenticator.wrap().get_unused_codes())
        record(Kind.RECOVERY_CODE_USED, actor=user, subject=user, codes_left=left)
