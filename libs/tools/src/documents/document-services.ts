import { ContentCache } from './content-cache.js';
import { DocumentDesk } from './document-desk.js';
import { DocumentDownloads } from './document-downloads.js';
import { DocumentManager } from './document-manager.js';
import { DownloadDirectory } from './download-directory.js';
import { FileProviders } from './file-providers.js';
import { FileRemoval } from './file-removal.js';
import { ProviderDocuments } from './provider-documents.js';
import { ProviderFileCleanup } from './provider-file-cleanup.js';
import { ProviderUploads } from './provider-uploads.js';

/** What the worker needs for files at providers. */
export const DOCUMENT_SERVICES = [
  FileProviders,
  FileRemoval,
  ProviderUploads,
  ProviderDocuments,
  ContentCache,
  DownloadDirectory,
  DocumentDownloads,
  DocumentManager,
  DocumentDesk,
  ProviderFileCleanup,
];
