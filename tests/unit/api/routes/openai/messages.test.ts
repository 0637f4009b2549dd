import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../../../../shared/api/routes/openai/message-schema.ts';
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

  it("leaves out an assistant's greeting", () => {
    const { turns } = toConversation([
      said('assistant', 'Hi.'),
      said('assistant', 'So?'),
      said('user', 'Who?'),
    ]);
    expect(turns).toEqual([{ role: 'user', content: 'Who?' }]);
  });

  it('leaves out tools of the past, and reads a result after the last question with it', () => {
    const called = { role: 'assistant', content: null, tool_calls: [{}] };
    const messages = [said('user', 'Who?'), called, said('tool', 'noon'), said('assistant', 'I.')];
    expect(
      toConversation([...messages, said('user', 'When?'), called, said('tool', 'at one')]).turns,
    ).toEqual([
      { role: 'user', content: 'Who?' },
      { role: 'assistant', content: 'I.' },
      { role: 'user', content: 'When?\n\nat one' },
    ]);
  });

  it.each([
    ['messages', [said('user', 'Hi.'), said('assistant', 'Hi.')]],
    ['messages', [said('system', 'Be brief.')]],
    ['messages.1.role', [said('user', 'Hi.'), said('poet', 'Hi.')]],
    ['messages.0.content.1', [{ role: 'user', content: ['Hi.', { type: 'image_url' }] }]],
  ])('refuses what it cannot read, and says where: %s', (field, messages) => {
    expect(() => toConversation(messages)).toThrow(
      expect.objectContaining({ code: 'invalid_request', data: { field } }),
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
