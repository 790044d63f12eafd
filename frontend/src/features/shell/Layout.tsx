import { Link, useNavigate } from "@tanstack/react-router";
import { Menu as MenuIcon } from "lucide-react";
import { lazy, type ReactNode, Suspense, useEffect, useMemo, useState } from "react";
import { Dialog } from "@/components/Dialog";
import { IconButton } from "@/components/IconButton";
import { useKeys } from "@/lib/keys";
import { shell as text } from "@/text/shell";
import { AccountMenu } from "./AccountMenu";
import { Navigation } from "./Navigation";
import { Unverified } from "./Unverified";
import { WorkspaceChoice } from "./WorkspaceChoice";

const KeyList = lazy(async () => ({ default: (await import("./KeyList")).KeyList }));
const Palette = lazy(async () => ({ default: (await import("./Palette")).Palette }));

const pasted = (event: ClipboardEvent) => {
  const typing = event.target instanceof HTMLElement && event.target.closest("input, textarea, [contenteditable=true], dialog") !== null;
  const found = event.clipboardData?.getData("text/plain").trim() ?? "";
  return !typing && /^https?:\/\/\S+$/.test(found) ? found : null;
};

/** What is around every page of somebody signed in: where one can go, whose workspace it is, the keys that hold everywhere. */
export function Layout({ children }: { children: ReactNode }) {
  const navigate = useNavigate();
  const [open, setOpen] = useState<"keys" | "commands" | "menu" | null>(null);
  const close = () => {
    setOpen(null);
  };
  useKeys(
    useMemo(
      () => [
        { keys: "c", label: text.newLink, run: () => void navigate({ to: "/links/new" }) },
        {
          keys: "mod+k",
          label: text.commands,
          run: () => {
            setOpen("commands");
          },
        },
        {
          keys: "?",
          label: text.keyboard,
          run: () => {
            setOpen("keys");
          },
        },
      ],
      [navigate],
    ),
  );
  useEffect(() => {
    const paste = (event: ClipboardEvent) => {
      const target = pasted(event);
      if (target) void navigate({ to: "/links/new", search: { target } });
    };
    addEventListener("paste", paste);
    return () => {
      removeEventListener("paste", paste);
    };
  }, [navigate]);
  return (
    <div className="min-h-dvh lg:grid lg:grid-cols-[15rem_minmax(0,1fr)] print:block">
      <a href="#content" className="bg-accent text-accent-ink sr-only z-50 rounded-lg px-4 py-2 focus:not-sr-only focus:fixed focus:top-2 focus:left-2">
        {text.skip}
      </a>
      <aside className="border-line bg-card hidden border-r p-4 lg:sticky lg:top-0 lg:flex lg:h-dvh lg:flex-col lg:gap-5 lg:overflow-y-auto print:hidden">
        <Brand />
        <WorkspaceChoice />
        <Navigation />
      </aside>
      <div className="min-w-0">
        <header className="border-line bg-card/95 sticky top-0 z-30 flex h-14 items-center gap-2 border-b px-4 lg:justify-end print:hidden">
          <span className="flex items-center gap-1 lg:hidden">
            <IconButton
              label={text.menu}
              onClick={() => {
                setOpen("menu");
              }}
            >
              <MenuIcon size={18} />
            </IconButton>
            <Brand />
          </span>
          <span className="flex-1" />
          <AccountMenu
            onShowKeys={() => {
              setOpen("keys");
            }}
          />
        </header>
        <main id="content" tabIndex={-1} className="mx-auto w-full max-w-6xl p-4 outline-none md:p-8">
          <Unverified />
          {children}
        </main>
      </div>
      {open === "keys" && (
        <Suspense>
          <KeyList onClose={close} />
        </Suspense>
      )}
      {open === "commands" && (
        <Suspense>
          <Palette onClose={close} />
        </Suspense>
      )}
      {open === "menu" && (
        <Dialog title={text.menu} width="small" onClose={close}>
          <div className="space-y-5">
            <WorkspaceChoice />
            <Navigation onGo={close} />
          </div>
        </Dialog>
      )}
    </div>
  );
}

function Brand() {
  return (
    <Link to="/links" className="flex items-center gap-2 rounded-lg px-1 text-base font-semibold">
      <img src="/favicon.ico" width="22" height="22" alt="" />
      Ginnel
    </Link>
  );
}
