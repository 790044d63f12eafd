import { speak } from "@/lib/language";

export const api = speak(
  {
    offline: "You are offline. Nothing is lost: try again when you are back.",
    unreachable: "The server does not answer. Nothing is lost: try again in a moment.",
    unexpected: "Something went wrong that should not have.",
  },
  {
    offline: "Keine Internetverbindung. Nichts ist verloren: Versuchen Sie es später noch einmal.",
    unreachable: "Der Server antwortet nicht. Nichts ist verloren: Versuchen Sie es gleich noch einmal.",
    unexpected: "Etwas ist schiefgegangen, das nicht schiefgehen sollte.",
  },
);
