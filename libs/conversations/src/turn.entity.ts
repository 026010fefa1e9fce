import { Column, Entity, PrimaryColumn } from 'typeorm';
import { type TurnUsage } from './conversation.js';

@Entity({ name: 'messages' })
export class TurnEntity {
  @PrimaryColumn({ name: 'conversation_id', type: 'uuid' })
  conversationId: string;

  /** 1, 2, 3, … without gaps. */
  @PrimaryColumn('int')
  seq: number;

  @Column('text')
  role: 'user' | 'assistant';

  @Column('text')
  content: string;

  @Column({ name: 'tool_name', type: 'text' })
  toolName: string;

  @Column({ type: 'text', nullable: true })
  provider: string | null;

  @Column({ type: 'text', nullable: true })
  model: string | null;

  @Column('jsonb')
  files: string[];

  @Column({ type: 'jsonb', nullable: true })
  usage: TurnUsage | null;

  @Column({ name: 'call_id', type: 'uuid' })
  callId: string;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
