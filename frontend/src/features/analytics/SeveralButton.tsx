import { ListChecks } from "lucide-react";
import { Button } from "@/components/Button";
import { analytics as text } from "@/text/analytics";

/** Has every click on a bar choose it, for those who have no Shift key. */
export function SeveralButton({ on, onChange }: { on: boolean; onChange: (on: boolean) => void }) {
  return (
    <Button
      look={on ? "secondary" : "quiet"}
      aria-pressed={on}
      title={text.filter.hint}
      onClick={() => {
        onChange(!on);
      }}
    >
      <ListChecks aria-hidden size={16} />
      {text.filter.several}
    </Button>
  );
}
