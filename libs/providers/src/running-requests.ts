import type {
  Completion,
  CompletionDelta,
  CompletionRequest,
  ModelClient,
  RemoteModel,
} from './model-client.js';
import type { ProviderFiles } from './provider-files.js';
import type { SearchApi } from './search-api.js';
import { WrappedClient } from './resilience/wrapped.client.js';

/** Counts the requests that are under way through one client, so that it is not closed under them. */
export class RunningRequests {
  private running = 0;

  get count(): number {
    return this.running;
  }

  watch(client: ModelClient): ModelClient {
    return new WatchedClient(client, this);
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.running += 1;
    try {
      return await work();
    } finally {
      this.running -= 1;
    }
  }
}

class WatchedClient extends WrappedClient {
  constructor(
    client: ModelClient,
    private readonly requests: RunningRequests,
  ) {
    super(client);
    const { files, searchApi } = client;
    if (files) Object.assign(this, { files: watchedFiles(files, requests) });
    if (searchApi) Object.assign(this, { searchApi: watchedSearch(searchApi, requests) });
  }

  override complete(
    request: CompletionRequest,
    signal: AbortSignal,
    onDelta?: (delta: CompletionDelta) => void,
  ): Promise<Completion> {
    return this.requests.during(() => this.client.complete(request, signal, onDelta));
  }

  override listRemoteModels(signal: AbortSignal): Promise<readonly RemoteModel[]> {
    return this.requests.during(() => this.client.listRemoteModels(signal));
  }
}

function watchedSearch(searchApi: SearchApi, requests: RunningRequests): SearchApi {
  return {
    priceUsd: searchApi.priceUsd,
    search: (query, signal) => requests.during(() => searchApi.search(query, signal)),
  };
}

function watchedFiles(files: ProviderFiles, requests: RunningRequests): ProviderFiles {
  return {
    maxBytes: files.maxBytes,
    persistent: files.persistent,
    extractsText: files.extractsText,
    upload: (file, signal) => requests.during(() => files.upload(file, signal)),
    get: (id, signal) => requests.during(() => files.get(id, signal)),
    content: (id, signal) => requests.during(() => files.content(id, signal)),
    download: (id, take, maxBytes, signal) =>
      requests.during(() => files.download(id, take, maxBytes, signal)),
    list: (signal) => requests.during(() => files.list(signal)),
    delete: (id, signal) => requests.during(() => files.delete(id, signal)),
  };
}
