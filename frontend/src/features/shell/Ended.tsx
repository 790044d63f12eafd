import { useNavigate, useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { PageSkeleton } from "@/components/PageSkeleton";

/** Leads who is not signed in any more to where they sign in, and from there back to this page. */
export function Ended() {
  const { latestLocation } = useRouter();
  // As it was when the session ended: on its way to another page the address is that one's already.
  const [next] = useState(latestLocation.href);
  const navigate = useNavigate();
  useEffect(() => {
    void navigate({ to: "/sign-in", search: { next }, replace: true });
  }, [navigate, next]);
  return <PageSkeleton />;
}
