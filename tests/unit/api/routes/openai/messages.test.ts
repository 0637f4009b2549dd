import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../../../../shared/api/routes/openai/chat-schema.ts';
import { toConversation } from '../../../../../shared/api/routes/openai/messages.ts';

const said = (role: Message['role'], content: string) => ({ role, content }) as Message;

describe('toConversation', () => {
  it('joins system and developer messages, wherever they stand, and turns of one role in a row', () => {
    const messages = [
      said('system', 'Be brief.'),
      said('user', 'Hello.'),
      said('user', 'Who are you?'),
      said('assistant', 'A model.'),
      said('developer', 'Be kind.'),
      said('user', 'Thanks.'),
    ];
    expect(toConversation(messages)).toEqual({
      system: 'Be brief.\n\nBe kind.',
      turns: [
        { role: 'user', content: 'Hello.\n\nWho are you?' },
        { role: 'assistant', content: 'A model.' },
        { role: 'user', content: 'Thanks.' },
      ],
    });
  });

  it('joins the parts of one message as they are', () => {
    const content = ['Hel', 'lo.'].map((text) => ({ type: 'text' as const, text }));
    expect(toConversation([{ role: 'user', content }])).toEqual({
      system: undefined,
      turns: [{ role: 'user', content: 'Hello.' }],
    });
  });

  it.each([
    [[said('assistant', 'Hi.'), said('user', 'Hi.')]],
    [[said('user', 'Hi.'), said('assistant', 'Hi.')]],
    [[said('system', 'Be brief.')]],
  ])('refuses what does not begin and end with the user', (messages) => {
    expect(() => toConversation(messages)).toThrow(
      expect.objectContaining({ code: 'invalid_request', data: { field: 'messages' } }),
    );
  });

  it('gives alternating turns that hold all that was said, in order', () => {
    const message = fc.record({
      role: fc.constantFrom<Message['role']>('system', 'developer', 'user', 'assistant'),
      content: fc.string(),
    }) as fc.Arbitrary<Message>;
    fc.assert(
      fc.property(fc.array(message), (between) => {
        const messages = [said('user', 'first'), ...between, said('user', 'last')];
        const { system, turns } = toConversation(messages);
        for (const [i, { role }] of turns.entries()) expect(role).toBe(i % 2 === 0 ? 'user' : 'assistant');
        expect(turns.length % 2).toBe(1);
        const all = (wanted: (role: Message['role']) => boolean) =>
          messages.filter(({ role }) => wanted(role)).map(({ content }) => content);
        expect(turns.map(({ content }) => content).join('\n\n').length).toBe(
          all((role) => role === 'user' || role === 'assistant').join('\n\n').length,
        );
        const texts = all((role) => role === 'system' || role === 'developer');
        expect(system).toBe(texts.length === 0 ? undefined : texts.join('\n\n'));
      }),
    );
  });
});
