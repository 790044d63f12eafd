import { createRoot, hydrateRoot } from "react-dom/client";
import "../styles.css";
import { language } from "@/lib/language";
import { followSystemTheme } from "@/lib/theme";
import { landing as text } from "@/text/landing";
import { Landing } from "./Landing";

followSystemTheme();
const root = document.getElementById("root");
if (root?.firstElementChild && document.documentElement.lang === language) hydrateRoot(root, <Landing />);
else if (root) {
  // Rendered in another language than was chosen here, or not at all.
  document.documentElement.lang = language;
  document.title = text.tab;
  root.replaceChildren();
  createRoot(root).render(<Landing />);
}
