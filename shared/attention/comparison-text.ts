/**
 * Forty questions about short texts, all of them made up: what a model answers with full and with block attention says
 * what block attention costs it. The texts of a prompt are about things of one kind, which is where it costs most.
 */

export interface ComparisonPrompt {
  passages: readonly { title: string; text: string }[];
  /** One about each passage; an answer is right that holds one of `answers`. */
  questions: readonly { question: string; answers: readonly string[] }[];
}

export const COMPARISON_PROMPTS: readonly ComparisonPrompt[] = [
  {
    passages: [
      {
        title: 'Brannoch lighthouse',
        text: 'The lighthouse of Brannoch was built in 1874 from grey granite. Its first keeper was Ewan Tarrel, and its lamp is seen from 19 miles away.',
      },
      {
        title: 'Skerrin lighthouse',
        text: 'The lighthouse of Skerrin was built in 1902 from red brick. Its first keeper was Moira Lusk, and its lamp is seen from 14 miles away.',
      },
      {
        title: 'Olvey lighthouse',
        text: 'The lighthouse of Olvey was built in 1858 from white limestone. Its first keeper was Peter Hask, and its lamp is seen from 11 miles away.',
      },
      {
        title: 'Dunmara lighthouse',
        text: 'The lighthouse of Dunmara was built in 1931 from concrete. Its first keeper was Alice Penrow, and its lamp is seen from 23 miles away.',
      },
      {
        title: 'Fallow Point lighthouse',
        text: 'The lighthouse of Fallow Point was built in 1889 from timber. Its first keeper was Jonas Wick, and its lamp is seen from 9 miles away.',
      },
    ],
    questions: [
      { question: 'In which year was the lighthouse of Brannoch built?', answers: ['1874'] },
      { question: 'Who was the first keeper of the lighthouse of Skerrin?', answers: ['Moira Lusk'] },
      { question: 'What was the lighthouse of Olvey built from?', answers: ['limestone'] },
      { question: 'From how many miles away is the lamp of Dunmara seen?', answers: ['23'] },
      { question: 'Who was the first keeper of the lighthouse of Fallow Point?', answers: ['Jonas Wick'] },
    ],
  },
  {
    passages: [
      {
        title: 'Harrow team',
        text: 'The Harrow team is led by Tomas Velk and has 12 members. It works on the ticket machines and meets every Monday.',
      },
      {
        title: 'Linden team',
        text: 'The Linden team is led by Greta Osman and has 7 members. It works on the mobile app and meets every Wednesday.',
      },
      {
        title: 'Maple team',
        text: 'The Maple team is led by Ravi Colb and has 15 members. It works on the timetable and meets every Thursday.',
      },
      {
        title: 'Rowan team',
        text: 'The Rowan team is led by Sonia Pratt and has 9 members. It works on the invoices and meets every Tuesday.',
      },
      {
        title: 'Willow team',
        text: 'The Willow team is led by Henrik Dall and has 4 members. It works on the station signs and meets every Friday.',
      },
    ],
    questions: [
      { question: 'Who leads the Harrow team?', answers: ['Tomas Velk'] },
      { question: 'How many members does the Linden team have?', answers: ['7', 'seven'] },
      { question: 'What does the Maple team work on?', answers: ['timetable'] },
      { question: 'On which day does the Rowan team meet?', answers: ['Tuesday'] },
      { question: 'Who leads the Willow team?', answers: ['Henrik Dall'] },
    ],
  },
  {
    passages: [
      {
        title: 'Model A4 pump',
        text: 'The A4 pump moves 30 litres a minute and weighs 8 kilograms. It is made in Lodz, and its guarantee lasts two years.',
      },
      {
        title: 'Model B7 pump',
        text: 'The B7 pump moves 45 litres a minute and weighs 13 kilograms. It is made in Porto, and its guarantee lasts three years.',
      },
      {
        title: 'Model C2 pump',
        text: 'The C2 pump moves 80 litres a minute and weighs 21 kilograms. It is made in Graz, and its guarantee lasts five years.',
      },
      {
        title: 'Model D9 pump',
        text: 'The D9 pump moves 120 litres a minute and weighs 36 kilograms. It is made in Turku, and its guarantee lasts four years.',
      },
      {
        title: 'Model E1 pump',
        text: 'The E1 pump moves 15 litres a minute and weighs 5 kilograms. It is made in Bergen, and its guarantee lasts one year.',
      },
    ],
    questions: [
      { question: 'Where is the A4 pump made?', answers: ['Lodz'] },
      { question: 'How many kilograms does the B7 pump weigh?', answers: ['13'] },
      { question: 'How many litres a minute does the C2 pump move?', answers: ['80'] },
      { question: 'How long does the guarantee of the D9 pump last?', answers: ['four years', '4 years'] },
      { question: 'Where is the E1 pump made?', answers: ['Bergen'] },
    ],
  },
  {
    passages: [
      {
        title: 'Ida Holm',
        text: 'Ida Holm was born in Arvik in 1911. She studied botany, discovered a moss on the island of Stora, and played the cello.',
      },
      {
        title: 'Karl Brisk',
        text: 'Karl Brisk was born in Melden in 1923. He studied geology, discovered a cave below the mountain Hoch, and played the flute.',
      },
      {
        title: 'Nora Tamm',
        text: 'Nora Tamm was born in Pirita in 1897. She studied astronomy, discovered a comet near the star Vega, and played the organ.',
      },
      {
        title: 'Luis Arda',
        text: 'Luis Arda was born in Segoma in 1940. He studied zoology, discovered a frog in the forest of Imbe, and played the guitar.',
      },
      {
        title: 'Ruth Calder',
        text: 'Ruth Calder was born in Whitfold in 1932. She studied chemistry, discovered a dye in the roots of madder, and played the harp.',
      },
    ],
    questions: [
      { question: 'Which instrument did Ida Holm play?', answers: ['cello'] },
      { question: 'Where was Karl Brisk born?', answers: ['Melden'] },
      { question: 'What did Nora Tamm study?', answers: ['astronomy'] },
      { question: 'In which year was Luis Arda born?', answers: ['1940'] },
      { question: 'Which instrument did Ruth Calder play?', answers: ['harp'] },
    ],
  },
  {
    passages: [
      {
        title: 'The River Tallow',
        text: 'The river Tallow rises in the Korben hills and flows into the lake of Mirr. It is 140 kilometres long, and pike live in it.',
      },
      {
        title: 'The River Senna',
        text: 'The river Senna rises in the Ostrel mountains and flows into the bay of Dace. It is 310 kilometres long, and salmon live in it.',
      },
      {
        title: 'The River Quill',
        text: 'The river Quill rises in the marsh of Benn and flows into the river Aster. It is 62 kilometres long, and eels live in it.',
      },
      {
        title: 'The River Ombra',
        text: 'The river Ombra rises in the glacier of Vint and flows into the northern sea. It is 520 kilometres long, and trout live in it.',
      },
      {
        title: 'The River Fenn',
        text: 'The river Fenn rises in the forest of Larch and flows into the harbour of Port Elm. It is 95 kilometres long, and carp live in it.',
      },
    ],
    questions: [
      { question: 'Which fish live in the river Tallow?', answers: ['pike'] },
      { question: 'How long is the river Senna?', answers: ['310'] },
      { question: 'Where does the river Quill rise?', answers: ['marsh of Benn', 'Benn'] },
      { question: 'Which fish live in the river Ombra?', answers: ['trout'] },
      { question: 'How long is the river Fenn?', answers: ['95'] },
    ],
  },
  {
    passages: [
      {
        title: 'Leave for a move',
        text: 'Whoever moves house gets two days of leave. They are asked for with form M12 at the office of Ms Kern, at least ten days before.',
      },
      {
        title: 'Leave for a wedding',
        text: 'Whoever marries gets three days of leave. They are asked for with form W30 at the office of Mr Lund, at least thirty days before.',
      },
      {
        title: 'Leave for a birth',
        text: 'Whoever becomes a father gets fourteen days of leave. They are asked for with form B05 at the office of Ms Abel, at least sixty days before.',
      },
      {
        title: 'Leave for a course',
        text: 'Whoever takes a course gets five days of leave. They are asked for with form C77 at the office of Mr Roth, at least twenty days before.',
      },
      {
        title: 'Leave for an examination',
        text: 'Whoever sits an examination gets one day of leave. It is asked for with form E41 at the office of Ms Dorn, at least seven days before.',
      },
    ],
    questions: [
      { question: 'How many days of leave does one get for a move?', answers: ['two', '2 days'] },
      { question: 'With which form is leave for a wedding asked for?', answers: ['W30'] },
      { question: 'At whose office is leave for a birth asked for?', answers: ['Abel'] },
      { question: 'With which form is leave for a course asked for?', answers: ['C77'] },
      { question: 'At whose office is leave for an examination asked for?', answers: ['Dorn'] },
    ],
  },
  {
    passages: [
      {
        title: 'Pumpkin soup',
        text: 'For the pumpkin soup an onion is fried in butter. The soup cooks for 25 minutes, is seasoned with nutmeg and serves six.',
      },
      {
        title: 'Lentil stew',
        text: 'For the lentil stew a carrot is fried in olive oil. The stew cooks for 40 minutes, is seasoned with cumin and serves four.',
      },
      {
        title: 'Plum cake',
        text: 'For the plum cake the dough is made with yeast. The cake bakes for 50 minutes, is dusted with cinnamon and serves twelve.',
      },
      {
        title: 'Potato salad',
        text: 'For the potato salad the potatoes are boiled in broth. The salad rests for 90 minutes, is seasoned with dill and serves eight.',
      },
      {
        title: 'Rice pudding',
        text: 'For the rice pudding the rice is cooked in milk. The pudding cooks for 35 minutes, is seasoned with vanilla and serves three.',
      },
    ],
    questions: [
      { question: 'What is the pumpkin soup seasoned with?', answers: ['nutmeg'] },
      { question: 'How many minutes does the lentil stew cook?', answers: ['40', 'forty'] },
      { question: 'What is the plum cake dusted with?', answers: ['cinnamon'] },
      { question: 'What are the potatoes of the potato salad boiled in?', answers: ['broth'] },
      { question: 'What is the rice pudding seasoned with?', answers: ['vanilla'] },
    ],
  },
  {
    passages: [
      {
        title: 'Museum of clocks',
        text: 'The museum of clocks stands in Anker Street and opens at nine. A ticket costs 6 euros, and on Monday it is closed.',
      },
      {
        title: 'Museum of glass',
        text: 'The museum of glass stands in Bridge Street and opens at ten. A ticket costs 8 euros, and on Tuesday it is closed.',
      },
      {
        title: 'Museum of ships',
        text: 'The museum of ships stands in Harbour Lane and opens at eleven. A ticket costs 12 euros, and on Sunday it is closed.',
      },
      {
        title: 'Museum of toys',
        text: 'The museum of toys stands on Castle Square and opens at noon. A ticket costs 5 euros, and on Thursday it is closed.',
      },
      {
        title: 'Museum of maps',
        text: 'The museum of maps stands in Mill Road and opens at eight. A ticket costs 7 euros, and on Friday it is closed.',
      },
    ],
    questions: [
      { question: 'In which street does the museum of clocks stand?', answers: ['Anker Street'] },
      { question: 'How many euros does a ticket to the museum of glass cost?', answers: ['8'] },
      { question: 'On which day is the museum of ships closed?', answers: ['Sunday'] },
      { question: 'When does the museum of toys open?', answers: ['noon'] },
      { question: 'On which day is the museum of maps closed?', answers: ['Friday'] },
    ],
  },
];
