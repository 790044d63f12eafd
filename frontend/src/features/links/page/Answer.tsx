import { Check, Minus, X } from "lucide-react";
import type { Explanation } from "@/api/generated";
import { Badge } from "@/components/Badge";
import { link as text } from "@/text/link";
import { said } from "./said";

const CODES: Readonly<Record<string, string>> = text.explain.codes;
const LOOKS = { served: "good", "no match": "plain", "not reached": "plain" } as const;

function why({ served, rules, share }: Explanation): string {
  if (rules.some(({ outcome }) => outcome === "served")) return text.explain.byRule(served ?? "");
  return served !== null && share !== null ? text.explain.byVariant(served) : text.explain.byTarget;
}

/** Where the described visitor is led, and what became of each rule. */
export function Answer({ explanation }: { explanation: Explanation }) {
  const { location, code, status, rules } = explanation;
  return (
    <div className="card p-4">
      {location && !code ? (
        <>
          <p className="text-muted text-xs">{text.explain.leads}</p>
          <p className="text-base font-semibold break-all">{location}</p>
          <p className="text-muted mt-1">{why(explanation)}</p>
        </>
      ) : (
        <>
          <p className="font-semibold">{text.explain.refused(status)}</p>
          {code && <p className="text-muted mt-1">{CODES[code] ?? code}</p>}
        </>
      )}
      {rules.length > 0 && (
        <ol className="border-line mt-4 space-y-3 border-t pt-4">
          {rules.map((rule, index) => (
            <li key={index} className={rule.outcome === "not reached" ? "opacity-70" : ""}>
              <p className="flex flex-wrap items-center gap-2">
                <span className="min-w-0 font-medium break-words">{rule.name}</span>
                <Badge kind={LOOKS[rule.outcome]}>{text.explain.outcomes[rule.outcome]}</Badge>
              </p>
              <p className="text-muted truncate text-xs">{rule.target}</p>
              <ul className="mt-1.5 space-y-1">
                {rule.conditions.map((condition, at) => (
                  <li key={at} className="flex items-start gap-2">
                    {rule.outcome === "not reached" ? <Minus aria-hidden size={15} className="mt-0.5 shrink-0" /> : condition.holds ? <Check aria-label={text.explain.outcomes.served} size={15} className="text-good mt-0.5 shrink-0" /> : <X aria-label={text.explain.outcomes["no match"]} size={15} className="text-danger mt-0.5 shrink-0" />}
                    <span className="min-w-0 break-words">
                      {said(condition.condition)} <span className="text-muted">({text.explain.visitor(condition.visitor || text.explain.nothing)})</span>
                    </span>
                  </li>
                ))}
              </ul>
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}
