import { createRoot } from "react-dom/client";
import "./styles.css";
import { App } from "./App";
import { followSystemTheme } from "./lib/theme";
import { language } from "./lib/language";

document.documentElement.lang = language;
followSystemTheme();
const root = document.getElementById("root");
if (root) createRoot(root).render(<App />);
