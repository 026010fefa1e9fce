import { ExaiError } from '#libs/errors';
import { type ProviderFiles, ProviderRegistry } from '#libs/providers';
import { Injectable } from '@nestjs/common';
import { type CallPrincipal } from '../tool.js';

const AUTO = 'auto';

export interface FileProvider {
  readonly id: string;
  readonly files: ProviderFiles;
}

/** Which provider keeps a caller's files. */
@Injectable()
export class FileProviders {
  constructor(private readonly registry: ProviderRegistry) {}

  /**
   * @param wanted id of a provider, or `auto`
   * @returns undefined when it is left to us and no provider is ready for it
   * @throws ExaiError INVALID_ARGUMENT, PROVIDER_NOT_CONFIGURED, MODEL_RESTRICTED
   */
  choose(wanted: string, { models }: Pick<CallPrincipal, 'models'>): FileProvider | undefined {
    const id = wanted.trim().toLowerCase();
    const permitted = this.permittedBy(models);
    if (id !== AUTO && id !== '') {
      this.refuseOther(id);
      if (!permitted(id)) throw new ExaiError('MODEL_RESTRICTED', { provider: id, model: `${id}/*` });
      return this.provider(id);
    }
    const [first] = this.registry
      .providers()
      .filter(
        ({ id: other, state }) => state === 'ready' && this.registry.keepsFiles(other) && permitted(other),
      )
      .sort((a, b) => this.registry.priority(a.id) - this.registry.priority(b.id));
    return first && this.provider(first.id);
  }

  /** @throws ExaiError PROVIDER_NOT_CONFIGURED, naming the variable to set. */
  provider(id: string): FileProvider {
    const { files } = this.registry.provider(id);
    if (!files) throw new ExaiError('INTERNAL', { reason: `${id} has no file store` });
    return { id, files };
  }

  /** Variables that would each bring a file store. */
  keyVariables(): readonly string[] {
    return this.keeping().map((id) => this.registry.status(id).keyVariable);
  }

  private keeping(): readonly string[] {
    return this.registry
      .providers()
      .map(({ id }) => id)
      .filter((id) => this.registry.keepsFiles(id));
  }

  private refuseOther(id: string): void {
    if (this.registry.keepsFiles(id)) return;
    const choices = [AUTO, ...this.keeping()].join(', ');
    const expected = this.registry.hasFiles(id)
      ? `another provider, as the files of ${id} serve one chat only: ${choices}`
      : `one of ${choices}`;
    throw new ExaiError('INVALID_ARGUMENT', { issues: [{ pointer: '/provider', expected }] });
  }

  /** A token that names models sends files only to the providers of those. */
  private permittedBy(models: readonly string[] | undefined): (id: string) => boolean {
    if (models === undefined) return () => true;
    const providers = new Set(models.map((name) => this.registry.find(name)?.provider));
    return (id) => providers.has(id);
  }
}
