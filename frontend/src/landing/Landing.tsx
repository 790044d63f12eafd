import { landing as text } from "@/text/landing";
import { Shortener } from "./Shortener";

/** The page that strangers see first: one field that shortens, and what they would want to know. Rendered beforehand. */
export function Landing() {
  return (
    <div className="mx-auto flex min-h-dvh max-w-5xl flex-col px-4 md:px-8">
      <header className="flex h-16 items-center justify-between gap-4">
        <a href="/" className="flex items-center gap-2 text-base font-semibold">
          <img src="/favicon.ico" width="24" height="24" alt="" />
          Ginnel
        </a>
        <nav className="flex items-center gap-1">
          <a href="/app/sign-in" className="hover:bg-raised rounded-lg px-3 py-2 font-medium">
            {text.signIn}
          </a>
          <a href="/app/register" className="bg-accent text-accent-ink rounded-lg px-3 py-2 font-medium hover:opacity-90">
            {text.signUp}
          </a>
        </nav>
      </header>
      <main className="flex-1 py-10 md:py-20">
        <h1 className="mx-auto max-w-2xl text-center text-4xl font-semibold tracking-tight text-balance md:text-6xl">{text.title}</h1>
        <p className="text-muted mx-auto mt-5 max-w-xl text-center text-lg text-pretty">{text.lead}</p>
        <Shortener />
        <section aria-label={text.source} className="mt-10 grid gap-4 sm:grid-cols-2 md:mt-14">
          {text.reasons.map(([name, reason]) => (
            <div key={name} className="card p-5">
              <h2 className="text-base font-semibold">{name}</h2>
              <p className="text-muted mt-1.5 text-pretty">{reason}</p>
            </div>
          ))}
        </section>
      </main>
      <footer className="border-line text-muted flex flex-wrap items-center justify-between gap-3 border-t py-6">
        <span>{text.source}</span>
        <nav aria-label={text.navigation} className="flex gap-5">
          <a className="hover:text-ink" href="/docs">
            {text.tryApi}
          </a>
          <a className="hover:text-ink" href="/redoc">
            {text.readApi}
          </a>
          <a className="hover:text-ink" href="/health">
            {text.health}
          </a>
        </nav>
      </footer>
    </div>
  );
}
