import { type ServerResponse } from 'node:http';

/** Sends what the SDK answered; resolves when all of it is handed over or the client has gone. */
export async function sendWebResponse(answer: Response, response: ServerResponse): Promise<void> {
  if (response.destroyed) {
    await answer.body?.cancel();
    return;
  }
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  if (answer.body) await sendBody(answer.body.getReader(), response);
  response.end();
}

async function sendBody(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  response: ServerResponse,
): Promise<void> {
  const onClose = () => void reader.cancel();
  response.once('close', onClose);
  // Whoever opens a stream that says nothing yet waits for its head; otherwise it leaves with the first words.
  const silent = setImmediate(() => response.flushHeaders());
  try {
    for (;;) {
      const { done, value } = await reader.read();
      clearImmediate(silent);
      if (done || response.destroyed) return;
      if (!response.write(value)) await writable(response);
    }
  } finally {
    response.off('close', onClose);
  }
}

function writable(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      response.off('drain', go).off('close', go);
      resolve();
    };
    response.on('drain', go).on('close', go);
  });
}
