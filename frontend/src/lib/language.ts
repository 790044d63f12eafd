export type Language = "en" | "de";

declare const process: { env: Record<string, string | undefined> };

function preferred(): Language {
  // Pages that are rendered beforehand are rendered in each.
  if (import.meta.env.SSR) return process.env.PAGE_LANGUAGE === "de" ? "de" : "en";
  try {
    const kept = localStorage.getItem("language");
    if (kept === "en" || kept === "de") return kept;
  } catch {
    // Nothing is kept here: the browser's own languages say it.
  }
  const first = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag === "en" || tag === "de");
  return first === "de" ? "de" : "en";
}

/** The language of this page. Choosing another loads the page anew, so that nothing has to listen. */
export const language: Language = preferred();

export function setLanguage(wanted: Language): void {
  try {
    localStorage.setItem("language", wanted);
  } catch {
    return;
  }
  location.reload();
}

/** The shape of a text in other words: strings are strings, and what takes arguments takes the same. */
type Same<T> = { readonly [K in keyof T]: T[K] extends string ? string : T[K] extends (...args: infer A) => string ? (...args: A) => string : Same<T[K]> };

/** Choose between the translations of a part of the text; a missing or surplus one is an error of types. */
export function speak<const T>(en: T, de: Same<T>): Same<T> {
  return language === "de" ? de : (en as Same<T>);
}
