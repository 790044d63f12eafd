import { useNavigate } from "@tanstack/react-router";
import { Code, Keyboard, Languages, LogOut, Monitor, Moon, Sun, User } from "lucide-react";
import { postAuthLogout } from "@/api/generated";
import { leave, useUser } from "@/api/session";
import { chooseWorkspace } from "@/api/workspace";
import { Menu } from "@/components/Menu";
import { language, setLanguage } from "@/lib/language";
import { setTheme, type Theme, useTheme } from "@/lib/theme";
import { called } from "@/lib/person";
import { shell as text } from "@/text/shell";

const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
const ICONS = { system: Monitor, light: Sun, dark: Moon };

export function AccountMenu({ onShowKeys }: { onShowKeys: () => void }) {
  const user = useUser();
  const theme = useTheme();
  const navigate = useNavigate();
  const name = called(user);
  const ThemeIcon = ICONS[theme];

  async function signOut() {
    await postAuthLogout();
    chooseWorkspace(null);
    leave();
  }
  return (
    <Menu
      trigger={(parts) => (
        <button {...parts} aria-label={text.account} className="bg-accent-soft hover:ring-line-strong flex size-9 items-center justify-center rounded-full font-semibold uppercase hover:ring-2">
          {name.slice(0, 1)}
        </button>
      )}
      items={[
        { label: <span className="block truncate">{name}</span>, icon: <User size={16} />, onSelect: () => void navigate({ to: "/account" }) },
        "line",
        {
          label: text.theme[theme],
          icon: <ThemeIcon size={16} />,
          onSelect: () => {
            setTheme(NEXT[theme]);
          },
        },
        {
          label: text.language,
          icon: <Languages size={16} />,
          onSelect: () => {
            setLanguage(language === "en" ? "de" : "en");
          },
        },
        { label: text.keyboard, icon: <Keyboard size={16} />, shortcut: "?", onSelect: onShowKeys },
        {
          label: text.api,
          icon: <Code size={16} />,
          onSelect: () => {
            location.assign("/docs");
          },
        },
        "line",
        { label: text.signOut, icon: <LogOut size={16} />, onSelect: () => void signOut() },
      ]}
    />
  );
}
