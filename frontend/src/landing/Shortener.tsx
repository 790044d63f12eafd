import { type ReactNode, type SubmitEvent, useEffect, useRef, useState } from "react";
import { landing as text } from "@/text/landing";
import type { Made } from "./shorten";

// What calls the API comes when somebody is about to: the page itself is painted and typed into without it.
const rest = () => import("./shorten");

/** One field and one key: paste, Enter, and the short link is copied. */
export function Shortener() {
  const field = useRef<HTMLInputElement>(null);
  const [state, setState] = useState<{ busy?: boolean; problem?: string; made?: Made }>({});
  const { busy = false, problem, made } = state;

  useEffect(() => {
    field.current?.focus({ preventScroll: true });
  }, []);

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    const target = field.current?.value.trim() ?? "";
    setState({ busy: true });
    try {
      const { shorten } = await rest();
      setState({ made: await shorten(target) });
    } catch (error) {
      setState({ problem: error instanceof Error ? error.message : String(error) });
      field.current?.focus();
    }
  }

  return (
    <div className="mx-auto mt-9 max-w-2xl">
      {/* The server says what is no address, in the words of the page. */}
      <form noValidate onSubmit={submit} className="bg-card border-line-strong focus-within:border-accent flex flex-col gap-2 rounded-2xl border p-2 shadow-sm sm:flex-row">
        <input
          ref={field}
          name="target"
          type="url"
          inputMode="url"
          autoComplete="off"
          spellCheck={false}
          aria-label={text.target}
          aria-invalid={problem ? true : undefined}
          aria-describedby={problem ? "problem" : undefined}
          placeholder={text.placeholder}
          className="placeholder:text-muted h-12 min-w-0 flex-1 bg-transparent px-3 text-base outline-none"
          onFocus={() => void rest()}
        />
        <button type="submit" disabled={busy} className="bg-accent text-accent-ink h-12 rounded-xl px-6 text-base font-medium hover:opacity-90 disabled:opacity-60">
          {busy ? text.shortening : text.shorten}
        </button>
      </form>
      <div role="status" aria-live="polite" className="min-h-16 pt-4">
        {problem && (
          <p id="problem" className="text-danger text-center">
            {problem}
          </p>
        )}
        {made && <Result made={made} />}
      </div>
    </div>
  );
}

const Action = ({ href, children }: { href: string; children: ReactNode }) => (
  <a href={href} className="text-accent font-medium underline-offset-4 hover:underline">
    {children}
  </a>
);

function Result({ made }: { made: Made }) {
  const [copied, setCopied] = useState(made.copied);
  return (
    <section aria-label={text.made} className="card flex items-center gap-4 p-4">
      <svg role="img" aria-label={text.qr} viewBox={`0 0 ${made.qr.size} ${made.qr.size}`} className="size-24 shrink-0 rounded-lg bg-white text-black" shapeRendering="crispEdges">
        <path fill="currentColor" d={made.qr.path} />
      </svg>
      <div className="min-w-0 flex-1">
        <p className="truncate text-lg font-semibold">{made.shortUrl.replace(/^https?:\/\//, "")}</p>
        <p className="text-muted truncate">{made.target}</p>
        <p className="mt-1 flex flex-wrap gap-x-4 gap-y-1">
          {copied ? (
            <span className="text-good font-medium">{text.copied}</span>
          ) : (
            <button
              type="button"
              className="text-accent font-medium underline-offset-4 hover:underline"
              onClick={() => {
                void navigator.clipboard.writeText(made.shortUrl).then(() => {
                  setCopied(true);
                });
              }}
            >
              {text.copy}
            </button>
          )}
          <Action href={made.shortUrl}>{text.open}</Action>
          <Action href={`/app/links/${made.id}`}>{text.statistics}</Action>
        </p>
        {made.days !== null && (
          <p className="text-muted mt-2 text-sm">
            {text.keep(made.days)} <Action href="/app/register">{text.signUp}</Action>
          </p>
        )}
      </div>
    </section>
  );
}
