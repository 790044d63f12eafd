import type { LinkOut } from "@/api/generated";
import { Badge } from "@/components/Badge";
import { links as text } from "@/text/links";
import { type State, states } from "./states";

const KINDS = {
  blocked: "danger",
  disabled: "danger",
  expired: "warn",
  used: "warn",
  scheduled: "accent",
  suspicious: "warn",
  archived: "plain",
  protected: "plain",
  rules: "plain",
} as const satisfies Record<State, string>;

export function StateBadges({ link }: { link: LinkOut }) {
  return states(link).map((state) => (
    <Badge key={state} kind={KINDS[state]}>
      {text.states[state]}
    </Badge>
  ));
}
