import type { AxiosResponse } from "axios";
import { instance } from "@/api/axios";
import { save } from "@/lib/save";
import { account as text } from "@/text/account";

const ADDRESS = "/api/v1/auth/me/export";
const next = (link: unknown) => (typeof link === "string" ? /<([^>]+)>; rel="next"/.exec(link)?.[1] : undefined);

/**
 * Fetch and save all that there is of who is signed in. Where answers are bounded it comes in parts, each a file of its own.
 * `onProgress` hears of the bytes so far; returns the number of files.
 */
export async function takeOut(onProgress: (bytes: number) => void): Promise<number> {
  let address: string | undefined = ADDRESS;
  let before = 0;
  let parts = 0;
  while (address !== undefined) {
    const answer: AxiosResponse<Blob> = await instance.get<Blob>(address, {
      responseType: "blob",
      timeout: 0,
      onDownloadProgress: ({ loaded }) => {
        onProgress(before + loaded);
      },
    });
    before += answer.data.size;
    parts += 1;
    const following = next(answer.headers.link);
    const number = parts > 1 || following ? `-${parts}` : "";
    save(answer.data, `${text.export.file}${number}.zip`);
    // A link that leads elsewhere would take the token along.
    address = following?.startsWith(`${ADDRESS}?`) ? following : undefined;
  }
  return parts;
}
