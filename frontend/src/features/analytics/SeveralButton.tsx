import { ListChecks } from "lucide-react";
import { IconButton } from "@/components/IconButton";
import { analytics as text } from "@/text/analytics";

/** Has every click on a bar choose it, for those who have no Shift key. */
export function SeveralButton({ on, onChange }: { on: boolean; onChange: (on: boolean) => void }) {
  return (
    <IconButton
      label={text.filter.several}
      aria-pressed={on}
      className="aria-pressed:bg-accent-soft aria-pressed:text-ink"
      onClick={() => {
        onChange(!on);
      }}
    >
      <ListChecks aria-hidden size={18} />
    </IconButton>
  );
}
