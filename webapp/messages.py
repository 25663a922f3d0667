"""The only place that turns codes into sentences: what is wrong, and what to do about it.

Services and the `ml` façade report codes; people read these sentences in their own language. A code
has up to three texts: a short instruction for a person in front of the camera, a description of a
picture or a request in full sentences, and one for programs where the description refers to a page.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l

from webapp.web.display.translations import marked as N_
from webapp.web.display.translations import translate

# Replaces an unknown value.
UNTOLD = "…"
BYTES_A_MEGABYTE = 1_000_000
PIXELS_A_MEGAPIXEL = 1_000_000

INSTRUCTIONS: dict[str, LazyString] = {
    "good": _l("Hold still"),
    "no_face": _l("Look into the camera"),
    "two_faces": _l("Only one face, please"),
    "too_small": _l("Move closer"),
    "too_close": _l("Move back a little"),
    "off_centre": _l("Move your face into the oval"),
    # The codes name the picture's left and right; the person's own are swapped.
    "turned_left": _l("Turn your head a little to your left"),
    "turned_right": _l("Turn your head a little to your right"),
    "turned_up": _l("Lower your chin a little"),
    "turned_down": _l("Raise your chin a little"),
    "tilted": _l("Hold your head upright"),
    "too_dark": _l("More light, please"),
    "too_bright": _l("Less light, please"),
    "low_contrast": _l("Find a brighter, clearer light"),
    "back_lit": _l("Turn away from the light behind you"),
    "blurred": _l("Hold still, or wipe the lens"),
    "eyes_hidden": _l("Show your eyes; take off dark glasses"),
    "mouth_hidden": _l("Uncover your mouth and nose"),
    "uncertain": _l("Show your whole face: eyes, nose and mouth"),
}

# Instructions of a challenge, one at a time; left and right are the person's own.
CHALLENGE_STEPS: dict[str, LazyString] = {
    "straight": _l("Look straight ahead"),
    "turn_left": _l("Turn your head a little to your left"),
    "turn_right": _l("Turn your head a little to your right"),
    "turn_up": _l("Raise your chin a little"),
    "turn_down": _l("Lower your chin a little"),
    "come_closer": _l("Come a little closer"),
    "done": _l("Done. One moment…"),
}

# Hints on why a movement does not count yet; other codes use INSTRUCTIONS.
CHALLENGE_HINTS: dict[str, LazyString] = {
    "hold": _l("Stay like that"),
    "hold_still": _l("Hold still"),
    "several_faces": _l("Only one face, please"),
    "turned": _l("Look straight ahead"),
}

# Why a challenge failed, for operators; measured cues without a text appear by their code.
CHALLENGE_REASONS: dict[str, LazyString] = {
    "not_finished": _l("It was left, or took too long."),
    "unfinished": _l("Not everything that was asked for was seen."),
    "never_straight": _l("Nobody looked straight ahead, held still."),
    "too_slow": _l("A movement took too long."),
    "too_soon": _l("A movement came before anybody could have followed the instruction."),
    "other_movement": _l("Another movement came than the one asked for."),
    "several_faces": _l("There was more than one face."),
    "other_person": _l("The face became another one."),
    "no_light": _l("The face did not reflect the colours that the page showed."),
    "mirrored": _l("The colours that the page showed were mirrored, as glass does, not reflected."),
    "unrecognised": _l("The face could not be recognised after a movement."),
    "gap": _l("There was a gap between frames."),
    "jump": _l("The head turned faster than heads do."),
    "shift": _l("The face moved faster than heads do."),
    "growth": _l("The face grew or shrank faster than heads do."),
    "likeness": _l("The face looked different from one frame to the next."),
    "disordered": _l("Frames are missing or not in order."),
}

# Reasons of an operator to verify without a challenge.
WAIVER_WORDS: dict[str, LazyString] = {
    "cannot_move": _l("The person cannot do the movements"),
    "cannot_follow": _l("The person cannot see, hear or understand the instructions"),
    "camera_fails": _l("The camera or the light is not good enough"),
    "other": _l("Another reason"),
}

# Movements of a challenge, as choices of a form.
MOVEMENTS: dict[str, LazyString] = {
    "turn_left": _l("turn left"),
    "turn_right": _l("turn right"),
    "turn_up": _l("raise the chin"),
    "turn_down": _l("lower the chin"),
    "come_closer": _l("come closer"),
}

PICTURE_PROBLEMS: dict[str, str] = {
    "not_an_image": N_(
        "This is not a picture we can read. Choose a photo, such as JPEG, PNG or HEIC."
    ),
    "truncated_image": N_(
        "The picture is damaged or breaks off before its end. Export or copy it again."
    ),
    "unsupported_format": N_(
        "%(format)s files cannot be read here. Choose a photo, such as JPEG, PNG or HEIC."
    ),
    "too_many_scans": N_(
        "This JPEG is stored in too many steps. Open it in a photo program, save it again as JPEG "
        "and use that file."
    ),
    "too_many_bytes": N_(
        "The file is too large. Use one of at most %(limit_megabytes)s megabytes."
    ),
    "too_many_pixels": N_(
        "The picture has too many pixels. Reduce it to at most %(limit_megapixels)s megapixels."
    ),
    "too_few_pixels": N_(
        "The picture is too small. Use one in which the face is at least as large as a stamp "
        "on the screen."
    ),
    "no_face": N_("No face was found. Use a picture that shows the face from the front."),
    "two_faces": N_(
        "There is more than one face in the picture. Cut it to one person or use another one."
    ),
    "several_faces": N_(
        "Several faces of similar size are in the picture; the largest, most central one was "
        "compared. If that was the wrong one, use a picture of one person."
    ),
    "face_too_small": N_(
        "The face is too small. Use a picture taken from nearer, or one with more pixels."
    ),
    "too_small": N_(
        "The face is too small. Use a picture taken from nearer, or one with more pixels."
    ),
    "too_close": N_("The face does not fit into the picture. Use one taken from further away."),
    "off_centre": N_("The face is at the edge of the picture. Use one with the face inside it."),
    "turned_left": N_("The face is turned to the side. Use a picture from the front."),
    "turned_right": N_("The face is turned to the side. Use a picture from the front."),
    "turned_up": N_("The face looks up. Use a picture at eye level."),
    "turned_down": N_("The face looks down. Use a picture at eye level."),
    "tilted": N_("The head is tilted. Use a picture with the head upright."),
    "too_dark": N_("The face is too dark. Use a picture with light on the face."),
    "too_bright": N_("The face is too bright. Use a picture with softer light."),
    "low_contrast": N_("The face is pale and flat. Use a picture with clearer light."),
    "back_lit": N_("The light comes from behind. Use a picture with light on the face."),
    "blurred": N_("The face is blurred. Use a sharp picture."),
    "too_blurred": N_("The face is blurred. Use a sharp picture."),
    "eyes_hidden": N_("The eyes are hidden. Use a picture without dark glasses or hair over them."),
    "mouth_hidden": N_(
        "The mouth or nose is covered. Use a picture without a mask, scarf or hand before it."
    ),
    "uncertain": N_("The face is partly hidden. Use a picture that shows eyes, nose and mouth."),
    "unusable": N_("This picture cannot be used. Use another one."),
}

REQUEST_PROBLEMS: dict[str, str] = {
    "no_pictures": N_("Add at least one picture: take it with the camera or choose a file."),
    "too_many_pictures": N_("There are too many pictures. Remove some and try again."),
    "duplicate_identifier": N_(
        "Somebody with this identifier is enrolled already. Choose another one, or add the "
        "pictures to that person."
    ),
    "unknown_person": N_(
        "Nobody is enrolled under this identifier. Only signed-in operators are told so."
    ),
    "last_anchor": N_(
        "This is the person’s only picture. Add another one first, or delete the person."
    ),
    "picture_not_comparable": N_(
        "The model that serves finds no face in this picture. Remove it, and take another one."
    ),
    "no_day": N_("Give a day, like 2026-01-31."),
    "too_many_anchors": N_("This person has as many pictures as are allowed. Remove one first."),
    "model_changed_meanwhile": N_("Another model serves since just now. Send the pictures again."),
    "pictures_unusable": N_(
        "The model finds no face in some of the pictures. Disable or delete those, or take them "
        "again, and start anew. What was embedded stays."
    ),
    "nobody_enrolled": N_("Nobody is enrolled yet. Enrol a person first."),
    "consent_missing": N_(
        "Without consent nothing may be stored. Ask the person and tick the box."
    ),
    "threshold_out_of_range": N_("Give a number from 0 to 100."),
    "threshold_changed_meanwhile": N_(
        "Somebody changed the threshold since you opened this page. Nothing was set; what you "
        "typed is still here. Look at the threshold in force and send it again if you still want "
        "it."
    ),
    "rule_not_measured": N_(
        "This matching rule was not measured for the model that serves. Choose another one."
    ),
    "points_out_of_range": N_("Give a number of points from 0 to %(most)s."),
    "search_out_of_range": N_("Give a rate and a lead within the bounds beside their fields."),
    "confirmation_needed": N_(
        "This setting is dangerous. %(dangers)s Send “confirm”: true to set it all the same."
    ),
    "licence_not_accepted": N_("Read the licence and tick the box, or choose a free model."),
    "must_wait": N_("There were too many failures in a row. Try again in %(seconds)s seconds."),
    "too_many_requests": N_(
        "There were too many requests from this network. Try again in %(seconds)s seconds."
    ),
    "busy": N_("Many faces are being looked at just now. Try again in %(seconds)s seconds."),
    "gallery_warming": N_(
        "Who is enrolled is still being read after a start. Try again in %(seconds)s seconds."
    ),
    "face_disabled": N_(
        "There were too many failures in a row for this identifier. It cannot be verified by face "
        "until an administrator allows it again."
    ),
    "password_too_common": N_(
        "This password is among the first that are tried. Choose several words that only you "
        "would put together."
    ),
    "no_sessions_chosen": N_("Choose at least one session."),
    "sign_in_over": N_("Signing in took too long, or the account was changed. Sign in again."),
    "wrong_code": N_("The code is wrong or was used before. Wait for the next one."),
    "wrong_credentials": N_("The name or the password is wrong."),
    "wrong_present_password": N_("The present password is wrong."),
    "required": N_("Please fill this in."),
    "unprintable": N_("This holds characters that cannot be shown. Type it in again."),
    "setup_finished": N_("An administrator exists already. Sign in instead."),
    "unknown_anchor": N_("This person has no such picture."),
    "pictures_refused": N_("Some of the pictures cannot be used. Nothing was stored."),
    "pictures_doubtful": N_(
        "There are doubts about some of the pictures. Nothing was stored. Check whom they show, "
        "and send them again with the doubts accepted."
    ),
    "movements_too_few": N_("Choose at least %(fewest)s movements, so that there is a draw."),
    "strength_unknown": N_("Choose one of the strengths."),
    "setting_changed_meanwhile": N_(
        "Somebody changed the setting since you opened this page. Nothing was set; what you chose "
        "is still here. Look at the setting in force and send it again if you still want it."
    ),
    "challenge_needed": N_(
        "A picture alone is not enough here: follow the instructions before the camera. Who cannot "
        "do the movements asks an operator, who can verify them without."
    ),
    "challenge_not_asked": N_("No movements are asked for here. Send pictures instead."),
    "challenge_unknown": N_(
        "These movements belong to another page, another identifier, or were judged already. Start "
        "again."
    ),
    "challenge_over": N_("That took too long. Start again."),
    "challenge_failed": N_(
        "The movements could not be confirmed. Try again: only you before the camera, light from "
        "the front, and follow each instruction without hurry."
    ),
    "frame_out_of_order": N_("Frames come one after another. Number %(expected)s is expected."),
    "label_unknown": N_("Choose one of the labels."),
    "waiver_unexplained": N_("Say why the movements are not asked for."),
    "another_face": N_(
        "These pictures do not show who was before the camera: %(pictures)s. Take them again."
    ),
    "key_missing": N_("Send a key to the API in the header “Authorization: Bearer …”."),
    "key_unknown": N_("This is no key to the API. Check that it is whole."),
    "key_expired": N_("The key to the API is past its time. Ask an administrator for a new one."),
    "key_revoked": N_("The key to the API was revoked. Ask an administrator for a new one."),
    "scope_missing": N_("The key to the API does not open this. Use one with the right scopes."),
    "scopes_missing": N_("Choose at least one thing that the key opens."),
    "limit_unreadable": N_("Give a limit like “120 per minute”."),
    "limit_reached": N_(
        "The key made as many requests as it may. Try again in %(seconds)s seconds."
    ),
    "network_limit_reached": N_(
        "Too much was asked for from your network within a minute. Try again in %(seconds)s "
        "seconds."
    ),
    "request_differs": N_(
        "Another request was sent with this idempotency key. Use a new key for each request."
    ),
    "answered_elsewhere": N_(
        "The same request is being worked on right now. Ask again in a moment."
    ),
    "key_ring_behind": N_(
        "Everything stored was deleted here. The key ring that opens backups could not be written, "
        "though, so that old backups can still be read. Tell whoever runs the server; it tries "
        "again by itself."
    ),
    "cursor_broken": N_("The cursor is not one of this list. Begin again without any."),
    "invalid_request": N_("Fields are missing, wrong or not known: see “errors”."),
    "malformed_json": N_("The body is not JSON."),
    "content_compressed": N_("The body is compressed (%(encoding)s). Send it uncompressed."),
    "name_unusable": N_(
        "The folder’s name cannot be an identifier. Give it 1 to 64 characters that can be shown."
    ),
    "unreadable": N_("The file or folder cannot be read."),
    "symbolic_link": N_(
        "This is a symbolic link, which is not followed. Put the file or folder itself there."
    ),
    "bad_request": N_("The request cannot be read."),
    "not_found": N_("There is nothing at this address."),
    "method_not_allowed": N_("This address does not take this method."),
    "too_large": N_("The request is too large. Send fewer or smaller pictures."),
    "unsupported_media_type": N_("Send JSON, or a form with files where pictures are taken."),
    "unavailable": N_("The app cannot answer at present. Try again in a moment."),
    # Code of nginx (deploy/nginx/faces.conf); the API's reference page explains it.
    "unanswered": N_(
        "No answer came, so nobody knows whether it was done. Send it again, under the same "
        "idempotency key where there was one: then it is done once."
    ),
}

# Texts for programs, where the text for people refers to the page.
PROBLEMS_FOR_PROGRAMS: dict[str, str] = {
    "unknown_person": N_("There is no person with this id."),
    "threshold_changed_meanwhile": N_(
        "Somebody changed the threshold since the one that this is based on. Nothing was set. Read "
        "the threshold in force, and send it again if it is still wanted."
    ),
    "search_out_of_range": N_("Give a rate and a lead within their bounds."),
    "consent_missing": N_(
        "Without consent nothing may be stored. Ask the person, and say so in “consent”."
    ),
    "challenge_unknown": N_(
        "This challenge is another key’s or for another identifier, or was judged already. Begin a "
        "new one."
    ),
}

WARNINGS: dict[str, str] = {
    "unlike_the_others": N_(
        "This picture does not look like the person’s other pictures. Check that it shows the "
        "same person; if not, remove it."
    ),
    "like_somebody_else": N_(
        "This face looks like somebody who is enrolled already: %(name)s. Check that one person "
        "is not enrolled twice."
    ),
    "nearer_to_somebody_else": N_(
        "This picture is nearer to %(name)s than to the person’s other pictures. Check whom it "
        "shows; if it is right, a better one is steadier."
    ),
    "poor_quality": N_("The pictures were not good, which makes a wrong “no match” more likely."),
    "too_close_to_tell": N_(
        "Several people are almost equally near. Ask who it is, and verify that claim instead."
    ),
    "threshold_estimated": N_(
        "The threshold for searching among everybody rises with the number of people enrolled. "
        "It was measured on other people than those enrolled here."
    ),
}


def instruct(code: str) -> str:
    """Return an instruction for a person in front of the camera.

    `code` is a quality reason or "good".
    """
    return str(INSTRUCTIONS.get(code, INSTRUCTIONS["no_face"]))


def ask_for(step: str, hint: str | None = None) -> str:
    """Return the next instruction of a challenge; a hint takes precedence over the step."""
    if hint in CHALLENGE_HINTS:
        return str(CHALLENGE_HINTS[hint])
    if hint in INSTRUCTIONS:
        return instruct(hint)
    return str(CHALLENGE_STEPS[step])


def explain_challenge(reason: str) -> str:
    """Return why a challenge failed or was waived, for operators; a code without text as it is."""
    return str(CHALLENGE_REASONS.get(reason) or WAIVER_WORDS.get(reason) or reason)


def describe(code: str, details: Mapping[str, object] | None = None) -> str:
    """Return what is wrong and what to do, in full sentences.

    `details` are the values of an error, such as `format`, `limit_bytes`, `limit_pixels`.
    """
    facts = _readable(details or {})
    for catalogue in (PICTURE_PROBLEMS, REQUEST_PROBLEMS, WARNINGS):
        if code in catalogue:
            return translate(catalogue[code], facts)
    return gettext("This could not be done. Try again.")


def describe_to_program(code: str, details: Mapping[str, object] | None = None) -> str:
    """Return the same for a program, which shows no page."""
    if code in PROBLEMS_FOR_PROGRAMS:
        return gettext(PROBLEMS_FOR_PROGRAMS[code])
    return describe(code, details)


def in_place(place: int, sentence: str) -> str:
    """Return a sentence about one of several pictures, with its number; `place` counts from 0."""
    return gettext("Picture %(number)s: %(sentence)s", number=place + 1, sentence=sentence)


def all_codes() -> dict[str, str]:
    """Return the texts of all codes for programs, with UNTOLD for values."""
    catalogues = {**PICTURE_PROBLEMS, **REQUEST_PROBLEMS, **WARNINGS, **PROBLEMS_FOR_PROGRAMS}
    return {code: translate(text, _Facts()) for code, text in sorted(catalogues.items())}


def summarise(code: str) -> str:
    """Return what is wrong with a picture, without the advice."""
    problem = PICTURE_PROBLEMS.get(code, PICTURE_PROBLEMS["unusable"])
    words = translate(problem, _readable({}))
    return words.partition(". ")[0].removesuffix(".")


class _Facts(dict[str, object]):
    """Values by name; an unknown one becomes UNTOLD."""

    def __missing__(self, name: str) -> str:
        return UNTOLD


def _readable(details: Mapping[str, object]) -> _Facts:
    """Return the values, with limits in megabytes and megapixels."""
    facts = _Facts({"format": gettext("Such"), **details})
    if isinstance(limit := details.get("limit_bytes"), int):
        facts["limit_megabytes"] = limit // BYTES_A_MEGABYTE
    if isinstance(limit := details.get("limit_pixels"), int):
        facts["limit_megapixels"] = limit // PIXELS_A_MEGAPIXEL
    return facts
