import { createFileRoute } from "@tanstack/react-router";
import { Keys, type KeysSearch } from "@/features/workspace/keys/Keys";
import { flag, word } from "@/lib/search";

export const Route = createFileRoute("/_in/keys")({
  validateSearch: (found: Record<string, unknown>): KeysSearch => ({ search: word(found.search), new: flag(found.new) }),
  component: Page,
});

function Page() {
  const navigate = Route.useNavigate();
  return <Keys search={Route.useSearch()} onSearch={(changed) => void navigate({ search: (before) => ({ ...before, ...changed }), replace: true })} />;
}
