"""What the pages say, by language. Another language is another entry with the same keys; a test compares them."""

from collections.abc import Mapping
from typing import Final

Pair = tuple[str, str]

TEXTS: Final[Mapping[str, Mapping[str, Pair]]] = {
    "en": {
        "not_found": ("There is no such link", "Perhaps a letter is missing, or the link has not started yet."),
        "link_expired": ("This link has expired", "Whoever gave it to you may have a newer one."),
        "link_used_up": ("This link is used up", "It was made for a number of visits, and has had them."),
        "link_deleted": ("This link was deleted", "Whoever gave it to you may have another one."),
        "link_disabled": ("This link is switched off", "Whoever gave it to you may switch it on again."),
        "link_blocked": ("This link is blocked", "It was blocked by the operator of this service."),
        "method_not_allowed": ("This link can only be opened", "It does not take what was sent to it."),
        "unavailable": (
            "One moment, please",
            "The service can't answer at the moment. Please try again in a few seconds.",
        ),
        "too_many_requests": ("Too many attempts", "Please wait a few minutes before you try again."),
        "password_required": ("This link has a password", "Whoever gave it to you can tell you the password."),
        "password_wrong": ("This link has a password", "That was not the password. Please try again."),
        "password_form": ("Password", "Open the link"),
        "preview": ("Where this link leads", "Follow the link"),
        "title": ("Title", ""),
        "target": ("It leads to", ""),
        "others": ("Also", "Some visitors are led elsewhere, by where they are or what they use."),
        "locked": ("It leads to", "Only who knows the password is told."),
        "made": ("Made on", ""),
    },
    "de": {
        "not_found": (
            "Diesen Link gibt es nicht",
            "Vielleicht fehlt ein Buchstabe, oder der Link gilt noch nicht.",
        ),
        "link_expired": ("Dieser Link ist abgelaufen", "Wer ihn weitergegeben hat, hat vielleicht einen neueren."),
        "link_used_up": ("Dieser Link ist aufgebraucht", "Er war für eine Anzahl Besuche gemacht, und die gab es."),
        "link_deleted": ("Dieser Link wurde gelöscht", "Wer ihn weitergegeben hat, hat vielleicht einen anderen."),
        "link_disabled": ("Dieser Link ist abgeschaltet", "Wer ihn weitergegeben hat, kann ihn wieder einschalten."),
        "link_blocked": ("Dieser Link ist gesperrt", "Der Betreiber dieses Dienstes hat ihn gesperrt."),
        "method_not_allowed": ("Dieser Link lässt sich nur öffnen", "Was gesendet wurde, nimmt er nicht an."),
        "unavailable": (
            "Einen Moment, bitte",
            "Der Dienst kann gerade nicht antworten. Bitte in ein paar Sekunden noch einmal versuchen.",
        ),
        "too_many_requests": ("Zu viele Versuche", "Bitte ein paar Minuten warten und dann noch einmal versuchen."),
        "password_required": ("Dieser Link hat ein Passwort", "Wer ihn weitergegeben hat, kann das Passwort nennen."),
        "password_wrong": ("Dieser Link hat ein Passwort", "Das war nicht das Passwort. Bitte noch einmal versuchen."),
        "password_form": ("Passwort", "Link öffnen"),
        "preview": ("Wohin dieser Link führt", "Dem Link folgen"),
        "title": ("Titel", ""),
        "target": ("Er führt zu", ""),
        "others": ("Außerdem", "Manche Besucher führt er woandershin, je nach Ort oder Gerät."),
        "locked": ("Er führt zu", "Das erfährt nur, wer das Passwort kennt."),
        "made": ("Angelegt am", ""),
    },
}
