import { useCallback, useEffect, useRef, useState } from "react";

import { readValues } from "./wholejson/read-stream.mjs";

const IDLE = { value: undefined, status: null, error: null, streaming: false };

/**
 * Asks an endpoint, and gives the value of its answer while it grows.
 *
 * `value` is `undefined` before there is one. In mode "patch", what did not change stays the same
 * object, so that components in `memo` are not rendered again. `status` comes at the end:
 * `{complete, repairs}`. `error` has a `code`; the value that was shown before it stays.
 */
export function useWholeJSON(url, { mode = "patch" } = {}) {
  const [state, setState] = useState(IDLE);
  const running = useRef(null);

  const stop = useCallback(() => running.current?.abort(), []);
  useEffect(() => stop, [stop]);

  const start = useCallback(
    async (body) => {
      stop();
      const mine = new AbortController();
      running.current = mine;
      // Of an answer that a newer one has replaced, nothing is shown any more.
      const show = (news) => {
        if (running.current === mine) {
          setState((before) => ({ ...before, ...news }));
        }
      };
      setState({ ...IDLE, streaming: true });
      try {
        const response = await fetch(url, {
          method: "POST",
          headers: { "content-type": "application/json" },
          signal: mine.signal,
          body: JSON.stringify({
            ...body,
            stream: true,
            stream_options: { valid_json_chunks: { mode } },
          }),
        });
        for await (const { value, status } of readValues(response)) {
          show({ value, status });
        }
        show({ streaming: false });
      } catch (error) {
        show({ streaming: false, error: mine.signal.aborted ? null : error });
      }
    },
    [url, mode, stop],
  );

  return { ...state, start, stop };
}
