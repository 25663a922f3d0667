"""Texts of the audit log's events."""

from __future__ import annotations

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

EVENTS: dict[str, LazyString] = {
    "account_created": _l("Account created"),
    "account_deleted": _l("Account deleted"),
    "account_unlocked": _l("Account unlocked"),
    "anchor_deleted": _l("Photo deleted"),
    "anchor_restored": _l("Photo enabled"),
    "anchor_retired": _l("Photo disabled"),
    "anchors_added": _l("Photos added"),
    "api_key_created": _l("API key created"),
    "api_key_revoked": _l("API key revoked"),
    "api_key_rotated": _l("API key replaced"),
    "api_refused": _l("API request refused"),
    "api_used": _l("API used"),
    "audit_head_begun": _l("File with the log’s head begun"),
    "audit_log_begun": _l("Audit log begun"),
    "audit_log_found_empty": _l("Audit log found empty"),
    "attempts_exported": _l("Attempts exported"),
    "backed_up": _l("Backup made"),
    "challenge_labelled": _l("Liveness check labelled"),
    "challenge_waived": _l("Liveness check skipped"),
    "challenges_labelled": _l("Liveness checks labelled"),
    "code_refused": _l("Wrong code at sign-in"),
    "consent_renewed": _l("Consent renewed"),
    "embedding_queued": _l("Processing of photos started"),
    "embeddings_deleted": _l("Face data of a model deleted"),
    "face_allowed_again": _l("Verification allowed again"),
    "face_disabled": _l("Verification locked after failures"),
    "installation_made": _l("Installation made"),
    "liveness_changed": _l("Liveness setting changed"),
    "master_key_changed": _l("Master key changed"),
    "model_change_queued": _l("Change of the model started"),
    "model_changed": _l("Model changed"),
    "own_link_ended": _l("Link to a person’s own page ended"),
    "own_link_made": _l("Link to a person’s own page made"),
    "password_changed": _l("Password changed"),
    "person_deleted": _l("Person deleted"),
    "person_enrolled": _l("Person enrolled"),
    "person_exported": _l("Person’s data exported"),
    "person_renamed": _l("Person renamed"),
    "person_threshold_changed": _l("Person’s threshold changed"),
    "picture_seen": _l("Photo viewed"),
    "refused": _l("Access denied"),
    "restored": _l("Backup restored"),
    "search_changed": _l("Search setting changed"),
    "second_factor_off": _l("Second factor switched off"),
    "second_factor_on": _l("Second factor switched on"),
    "second_factor_reset": _l("Second factor reset"),
    "threshold_carried_over": _l("Threshold carried over to normalised scores"),
    "sessions_ended": _l("Sessions ended"),
    "setup_finished": _l("Set-up finished"),
    "sign_in_refused": _l("Sign-in refused"),
    "signed_in": _l("Signed in"),
    "signed_out": _l("Signed out"),
    "signed_out_everywhere": _l("Signed out everywhere"),
    "threshold_changed": _l("Threshold changed"),
}


def event_name(event: str) -> str:
    """Return the text of an event; its code if a later release wrote it."""
    return str(EVENTS.get(event, event))
