import { Resilience } from '#libs/providers';
import { Injectable } from '@nestjs/common';

/** A place at a provider that is kept for a call on its way there. */
export interface KeptPlace {
  /** Does nothing when the place was taken, or given up before. */
  giveUp(): void;
}

/** Where there is room for calls that waited for a place at a provider; for whoever put them back. */
@Injectable()
export class ProviderPlaces {
  constructor(private readonly resilience: Resilience) {}

  /**
   * The listener is told of a provider that may have a place it had not before; `keep` tells whether it has.
   * @returns what ends the listening
   */
  onRoom(listener: (providerId: string) => void): () => void {
    return this.resilience.onRoom(listener);
  }

  /** Undefined = there is none. */
  keep(providerId: string): KeptPlace | undefined {
    return this.resilience.keepPlace(providerId);
  }
}
