import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { copy } from "@/lib/copy";
import { components as text } from "@/text/components";
import { IconButton } from "./IconButton";

/** Copies; says for a moment that it did, or shows the text where the browser refuses. */
export function CopyButton({ value, label = text.copy }: { value: string; label?: string }) {
  const [done, setDone] = useState(false);
  async function press() {
    if (!(await copy(value))) return;
    setDone(true);
    setTimeout(() => {
      setDone(false);
    }, 1500);
  }
  return (
    <IconButton label={done ? text.copied : label} onClick={press}>
      {done ? <Check size={16} className="text-good" /> : <Copy size={16} />}
    </IconButton>
  );
}
