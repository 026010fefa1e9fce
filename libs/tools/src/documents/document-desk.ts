import { Injectable } from '@nestjs/common';
import { type AttemptContext, type ToolCall } from '../tool.js';
import { type CallerDocuments } from './caller-documents.js';
import { DocumentDownloads } from './document-downloads.js';
import { DocumentManager } from './document-manager.js';

/** Binds what can be done with stored files to the caller of one attempt. */
@Injectable()
export class DocumentDesk {
  constructor(
    private readonly downloads: DocumentDownloads,
    private readonly manager: DocumentManager,
  ) {}

  servicesFor({ principal }: ToolCall, { signal }: AttemptContext): CallerDocuments {
    const { downloads, manager } = this;
    return {
      download: (fileId, destination) => downloads.download(principal, fileId, destination, signal),
      list: (provider, limit) => manager.list(principal, provider, limit),
      delete: (provider, fileId, { dryRun }) => manager.delete(principal, provider, fileId, dryRun, signal),
      cleanUp: (provider, which, options) => manager.cleanUp(principal, provider, which, options, signal),
    };
  }
}
