/** A text that every English model finds likely. It calibrates activations and shows whether a model is sound. */
export const REFERENCE_PASSAGES: readonly { title: string; text: string }[] = [
  {
    title: 'Tides',
    text: 'The tide is the rise and fall of the sea that is caused by the pull of the Moon and, to a lesser degree, of the Sun. On most coasts the water is high twice a day and low twice a day, a little more than six hours apart. When the Sun and the Moon stand in line, at new moon and at full moon, their pulls add up and the range of the tide is largest; these are called spring tides, although they have nothing to do with the season. A week later, when the two stand at right angles, the range is smallest, and sailors speak of neap tides. The shape of the coast matters as much as the sky: in a narrow bay the water may rise by more than ten metres, while in the open ocean it rises by less than one.',
  },
  {
    title: 'Bread',
    text: 'To make a simple loaf of bread you need 500 grams of flour, 350 grams of water, 10 grams of salt and a small amount of yeast. Mix the flour and the water first and let them rest for half an hour. Then add the salt and the yeast, knead the dough for about ten minutes, and cover the bowl with a cloth. After two hours the dough should have doubled in size. Shape it into a ball, let it rise once more for an hour, and heat the oven to 230 degrees. Bake the bread for 35 minutes. It is done when it sounds hollow if you knock on the bottom. "Do not cut it while it is hot," my grandmother used to say, and she was right.',
  },
  {
    title: 'The printing press',
    text: 'Around 1450 a goldsmith named Johannes Gutenberg, who lived in the German city of Mainz, began to print books with movable metal type. Before that time most books in Europe were copied by hand, and a single Bible could take a scribe more than a year. With the press, a small workshop could produce hundreds of copies of the same page in one day. The price of books fell quickly. By the year 1500 there were printing presses in more than two hundred European towns, and about twenty million books had been printed. Historians often name the press as one of the causes of the Reformation and of the scientific revolution, because ideas could now travel faster than the people who wanted to stop them.',
  },
  {
    title: 'How computers store numbers',
    text: 'A computer stores every number as a row of bits, and each bit is either 0 or 1. Eight bits make one byte, which can hold 256 different values. Whole numbers are easy: the byte 00000101 stands for 5. Fractions are harder. Most machines follow the standard IEEE 754, which keeps a sign, an exponent and a fraction, much like scientific notation. A float32 value takes 4 bytes and has about seven decimal digits; a float64 value takes 8 bytes and has about sixteen. For example, in Python the expression 0.1 + 0.2 == 0.3 is False, since none of the three numbers has an exact form with a finite number of binary digits. Programmers therefore compare such numbers with a small tolerance: abs(a - b) < 1e-9.',
  },
  {
    title: 'Letter to a guest',
    text: 'Dear Anna, thank you for your letter of 12 March. We are very happy that you can stay with us from Friday until Tuesday. The train from the airport leaves every 30 minutes; please get off at the second stop and take the bus number 7 to the old market. Our house is the one with the green door, next to the bakery. If you arrive after nine in the evening, ring the upper bell, because the lower one has been broken since January. We will go to the mountains on Sunday if the weather is good, so bring strong shoes and a warm coat. Is there anything that you do not eat? Let us know, and have a safe journey. With best wishes, Peter and Maria.',
  },
];

export const REFERENCE_QUESTIONS: readonly string[] = [
  'Why is the range of the tide largest at new moon?',
  'How long does the bread bake, and at which temperature?',
  'In which city did Gutenberg live?',
  'How many values can one byte hold?',
  'Which bus should Anna take?',
];
