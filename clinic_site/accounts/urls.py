"""The addresses of signing in, under ``/staff/``. The names are allauth's, which looks them up.

What is not here is not on the site: no sign-up, no addresses of email, no passkeys.
"""

from django.urls import path

from clinic_site.accounts import views

urlpatterns = [
    # In place of the admin's own sign-in page, at its address.
    path("login/", views.SignInView.as_view(), name="account_login"),
    path("login/code/", views.CodeView.as_view(), name="mfa_authenticate"),
    path("login/start-again/", views.start_again, name="start_again"),
    path("confirm/password/", views.ConfirmPasswordView.as_view(), name="account_reauthenticate"),
    path("confirm/code/", views.ConfirmCodeView.as_view(), name="mfa_reauthenticate"),
    path("two-step/", views.TwoStepView.as_view(), name="mfa_index"),
    path("two-step/set-up/", views.SetUpView.as_view(), name="mfa_activate_totp"),
    path("two-step/another-phone/", views.RemoveView.as_view(), name="mfa_deactivate_totp"),
    path("two-step/recovery-codes/", views.RecoveryCodesView.as_view(), name="mfa_view_recovery_codes"),
    path(
        "two-step/recovery-codes/new/",
        views.NewRecoveryCodesView.as_view(),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "two-step/recovery-codes/download/", views.download_recovery_codes, name="mfa_download_recovery_codes"
    ),
    path("password/forgotten/", views.forgotten, name="password_forgotten"),
    path("password/sent/", views.link_sent, name="password_link_sent"),
    path("password/choose/<str:token>/", views.choose_password, name="choose_password"),
    path("session/", views.session_status, name="session_status"),
    path("session/renew/", views.session_renew, name="session_renew"),
]
