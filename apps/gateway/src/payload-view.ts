import { ExaiError } from '#libs/errors';
import { ProviderRegistry, type ChatMessage, type ModelCard } from '#libs/providers';
import { type PayloadReport, type PayloadWish } from '#libs/tools';
import { Injectable } from '@nestjs/common';

/** Requests as they would be sent, built by the code that sends them. */
@Injectable()
export class PayloadView {
  constructor(private readonly registry: ProviderRegistry) {}

  preview(wish: PayloadWish): PayloadReport {
    const { temperature, thinkingMode, webSearch, tools, toolChoice, maxOutputTokens } = wish;
    const card = this.cardOf(wish);
    const preview = this.registry.preview({
      model: card,
      messages: messagesOf(wish),
      webSearch,
      tools,
      ...(temperature !== undefined && { temperature }),
      ...(thinkingMode !== undefined && { thinkingMode }),
      ...(toolChoice !== undefined && { toolChoice }),
      ...(maxOutputTokens !== undefined && { maxOutputTokens }),
      // Travels as a header, which a preview does not show.
      correlationId: 'preview',
    });
    return { provider: card.provider, model: card.id, ...preview };
  }

  private cardOf({ provider, model }: PayloadWish): ModelCard {
    if (model === undefined || model.trim().toLowerCase() === 'auto') return this.firstOf(provider);
    const card = this.registry.getCapabilities(model.trim());
    if (card.provider === provider) return card;
    const expected = `a model of ${provider}; ${card.id} is one of ${card.provider}`;
    throw new ExaiError('INVALID_ARGUMENT', { issues: [{ pointer: '/model', expected }] });
  }

  private firstOf(provider: string): ModelCard {
    const [preferred] = this.registry.preference(provider) ?? [];
    if (preferred !== undefined) return this.registry.getCapabilities(`${provider}/${preferred}`);
    const first = this.registry.models().find((card) => card.provider === provider);
    if (!first) throw new ExaiError('NO_MODEL_AVAILABLE', { provider });
    return first;
  }
}

function messagesOf({ systemPrompt, prompt }: PayloadWish): ChatMessage[] {
  const question: ChatMessage = { role: 'user', content: prompt };
  return systemPrompt === undefined ? [question] : [{ role: 'system', content: systemPrompt }, question];
}
