import { Languages, Monitor, Moon, Sun } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import { IconButton } from "@/components/IconButton";
import { language, setLanguage } from "@/lib/language";
import { setTheme, type Theme, useTheme } from "@/lib/theme";
import { auth as text } from "@/text/auth";

const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
const ICONS = { system: Monitor, light: Sun, dark: Moon };

/** What is around the pages of those who are not signed in: one thing at a time, in the middle. */
export function Frame({ title, children, beneath }: { title: string; children: ReactNode; beneath?: ReactNode }) {
  const theme = useTheme();
  const ThemeIcon = ICONS[theme];
  useEffect(() => {
    document.title = `${title} – Ginnel`;
  }, [title]);
  return (
    // Not in the very middle: what comes later would move it.
    <div className="flex min-h-dvh flex-col items-center gap-6 px-4 pt-[min(7rem,10vh)] pb-8">
      <header>
        <a href="/" className="flex items-center gap-2.5 rounded-lg px-1 text-lg font-semibold">
          <img src="/favicon.ico" width="28" height="28" alt="" />
          Ginnel
        </a>
      </header>
      <main className="card w-full max-w-sm space-y-5 p-6 shadow-sm sm:p-8">
        <h1 className="text-xl font-semibold break-words">{title}</h1>
        {children}
      </main>
      <footer className="text-muted flex w-full max-w-sm flex-col items-center gap-3 text-center">
        {beneath && <div>{beneath}</div>}
        <div className="flex items-center gap-1">
          <IconButton
            label={text.theme[theme]}
            onClick={() => {
              setTheme(NEXT[theme]);
            }}
          >
            <ThemeIcon size={16} />
          </IconButton>
          <button
            type="button"
            className="hover:bg-raised hover:text-ink inline-flex h-9 items-center gap-2 rounded-lg px-2.5"
            lang={language === "en" ? "de" : "en"}
            onClick={() => {
              setLanguage(language === "en" ? "de" : "en");
            }}
          >
            <Languages aria-hidden size={16} />
            {text.otherLanguage}
          </button>
        </div>
      </footer>
    </div>
  );
}
