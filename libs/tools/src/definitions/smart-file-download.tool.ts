import { z } from 'zod';
import { defineUtilityTool } from '../define.js';
import { shortText } from '../fields.js';

const FILE_ID = /^[A-Za-z0-9_-]{1,255}$/;

export const smartFileDownload = defineUtilityTool({
  name: 'smart_file_download',
  title: 'Fetch a stored file',
  description:
    'Fetch a file that smart_file_query has stored at a provider, by its file_id. Answers the local path. ' +
    'Of documents the provider gives back the text it extracted.',
  tier: 'core',
  annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: true },
  fields: {
    file_id: z
      .string()
      .refine((value) => FILE_ID.test(value), '1 to 255 letters, digits, "_" and "-"')
      .describe('From the metadata of smart_file_query.'),
    destination: shortText('Absolute directory below the one for downloads.').optional(),
  },
  async answer({ file_id, destination }, { documents }) {
    const file = await documents.download(file_id, destination);
    return {
      content: file.path,
      contentType: 'text',
      ...(file.extracted && {
        fields: {
          note: 'This is the text that the provider extracted from the file, not the file as it was.',
        },
      }),
      metadata: {
        provider_used: file.provider,
        file_id: file.fileId,
        cache_hit: file.cacheHit,
        cache_source: file.cacheSource,
        size_bytes: file.sizeBytes,
        sha256: file.sha256,
        extracted_text: file.extracted,
      },
    };
  },
});
