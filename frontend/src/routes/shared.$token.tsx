import { createFileRoute } from "@tanstack/react-router";
import { SharedStatistics } from "@/features/analytics/SharedStatistics";
import { validateSearch } from "@/features/analytics/search";
import { analytics as text } from "@/text/analytics";

export const Route = createFileRoute("/shared/$token")({ validateSearch, component: Page });

function Page() {
  const { token } = Route.useParams();
  return (
    <div className="mx-auto w-full max-w-6xl p-4 md:p-8">
      <main>
        <SharedStatistics token={token} />
      </main>
      <footer className="text-muted mt-8 text-center text-xs">
        <a href="/" className="underline-offset-4 hover:underline">
          {text.shared.made}
        </a>
      </footer>
    </div>
  );
}
