/** Questions about the documents themselves ("What is this document about?", "要約して"), which no passage resembles. */
import { fold } from './fold.ts';
import { FUNCTION_WORDS, type Language } from './function-words.ts';
import { questionWords } from './question-words.ts';

/** Beginnings of words that ask for a summary or name a document or what it holds; one of them must be there. */
const NAMED = stems(`
  summar overview synopsis abstract gist tldr outline recap document file pdf text page collection article paper content corpus
  zusammenfass dokument datei textes unterlage sammlung inhalt uberblick ubersicht handelt fasse zusammen
  resum synthese fichier texte contenu apercu parle traite agit
  resumen resume resumir documento archivo texto contenido coleccion trata sintesis
  riassu riassunto testo raccolta contenut sommario tratta parla
  arquivo conteudo colecao
  samenvat bestand verzameling inhoud overzicht gaat
  sammanfatt sammenfatt dokumentet innehall indhold oversikt oversigt handlar handler
  podsum streszcz strescic plik tekst tresc zawartosc dotyczy
  shrn soubor obsah
  резюм кратк суммар обобщ сводк документ файл текст содержан коллекци обзор изложи перескаж
  пiдсум підсум стисл вміст
  ozet belge dosya metin icerik icerig konu koleksiyon hakkinda
  tiivista yhteenveto asiakirja tiedosto teksti sisalto kertoo
  osszefoglal osszegez dokumentum fajl szoveg tartal
  rezum fisier continut
  ringkas dokumen berkas isi
  tom tat tai lieu van ban
  συνοψ περιληψ εγγραφ αρχει κειμεν περιεχομεν
  ملخص لخص تلخيص خلاصه الخص موجز مستند المستند وثيقه الوثيقه الوثائق المستندات ملف الملف نص النص محتوي المحتوي يتحدث تتحدث موضوع
  خلاصه سند فايل متن محتوا
  סכם סכמ לסכם תקציר סיכום מסמך המסמך מסמכים המסמכים קובץ הקובץ קבצים טקסט הטקסט תוכן עוסק מדבר
  सारांश संक्षेप दस्तावेज़ दस्तावेज फ़ाइल फाइल पाठ संग्रह विषय सामग्री`);
const NAMED_UNSPACED = new Set(
  `总结 概括 概述 摘要 总 结 归纳 文档 文件 文章 文本 资料 内容 集合 主题 主旨 大意 讲 說 讲述 关于 總結 文檔 文件 內容 關於 檔案 摘 要
  要約 要旨 概要 まとめ まとめて 文書 ドキュメント 文章 ファイル 資料 内容 テキスト コレクション 書類
  요약 요약해 요약해줘 요약해주세요 문서 문서는 문서를 문서의 문서들 문서에 파일 파일은 파일을 파일의 내용 내용은 내용을 내용이 텍스트 자료 개요 컬렉션
  สรุป เอกสาร ไฟล์ ข้อความ เนื้อหา ย่อ ใจความ เรื่อง เกี่ยวกับ`
    .split(/\s+/)
    .filter(Boolean),
);

/** What else such a question may hold. */
const BESIDE = stems(`
  main key point topic subject theme short brief quick whole entire uploaded attached contain cover describe deal say said
  sentence paragraph word purpose idea important discuss explain talk tell information help thing
  kurz geht haupt thema themen wichtig punkt enthalt steht beschreib satz satzen ganze
  principal sujet theme court bref phrase point important contient dit cree
  tema puntos breve corto contiene dice favor frase importante
  argomento punti brevemente contiene
  ponto principais
  onderwerp kort belangrijk bevat staat
  amne kort handlar viktig
  temat krotk glown
  tema hlavni strucn
  речь главн основн тем мысл говор идет рассказ предложен содерж опис
  ana kisa baslica anlat bahsed ozetle icinde
  lyhyt paaaihe aihe
  rovid temaja szol
  رئيسي الرئيسي الرئيسيه نقاط النقاط اهم باختصار فكره الفكره افكار يدور تدور
  עיקר נקוד בקצרה נושא
  मुख्य बिंदु बात बारे संक्षिप्त बताइए बताओ बताएं दीजिए करो कीजिए करिए`);
const BESIDE_UNSPACED = new Set(
  `主要 一下 这份 这篇 这些 此 简要 简单 简短 全部 所有 本 该 份 篇 重点 要点 介绍 描述 里面 里 下 用 一句话 句 话 帮 帮我 給 這 這個 這份 些
  つい 書 書い 書か れ いて 主 主な 簡単 短く テーマ 主題 関する 全体 全 ポイント 要点 一言 述べ 説明 して し て ください
  주제 주제는 요점 핵심 간단히 짧게 줘 전체 관한 무엇에 이것은 이 해 주 것인가요 주요 설명 설명해
  หลัก ทั้งหมด สั้น ๆ ประเด็น สำคัญ พูด กล่าว ช่วย หน่อย ให้หน่อย บอก`
    .split(/\s+/)
    .filter(Boolean),
);

/** Questions that name no document: only the whole of them tells. */
const WHOLE =
  /^(?:(?:what (?:is|are)|whats|what s) (?:this|it|that|these|those|all this) (?:all )?about|tl ?dr|what is in here|what s in here|worum geht(?: es| s)?(?: hier| da| dabei)?|wovon handelt(?: das| es| dies)|de quoi (?:s agit il|parle t on|ca parle)|de que (?:va|se trata)(?: esto)?|di cosa (?:si tratta|parla)|do que se trata(?: isto| isso)?|waar gaat (?:dit|het) over|vad handlar (?:det|detta) om|o czym to jest|o cem to je|what (?:do you know|can i ask(?: you)?)(?: about)?|о чем (?:(?:здесь|тут) ?)?(?:это|идет речь|речь(?: идет)?)?|何が書(?:いて|かれて)(?:あります|ある|います|いる)か?|про що це|bu ne|מה זה|عم يتحدث(?: هذا)?|על מה זה|这是什么|这是关于什么的?|これは何(?:ですか|の話ですか)?|이것은 무엇(?:인가요|입니까)|이게 뭐(?:야|예요|에요))$/u;

const FILE_NAME =
  /[\p{L}\p{N}][\p{L}\p{N}_/-]{0,99}(?:\.[a-z0-9_-]{1,30}){0,3}\.[a-z][a-z0-9]{1,4}(?![\p{Script=Latin}\p{N}])/giu;

const UNSPACED_WORDS = [...NAMED_UNSPACED, ...BESIDE_UNSPACED];

/**
 * Whether the question is about the documents as such, or one that it calls by its file name, and not about something in
 * them. What looks like a file name may be none: "What is Node.js?".
 */
export function isAboutDocuments(question: string): boolean {
  const names = fileNamesIn(question);
  const rest = names.reduce((text, name) => text.replace(name, ' '), question);
  const plain = fold(rest)
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, ' ')
    .trim();
  if (WHOLE.test(plain)) return true;
  const { language, words } = questionWords(rest);
  if (language !== undefined && ['zh', 'ja', 'th'].includes(language))
    return consistsOf(plain, language, names.length > 0);
  let named = names.length > 0;
  for (const { word } of words) {
    if (NAMED_UNSPACED.has(word) || startsWithStem(word, NAMED)) named = true;
    else if (!BESIDE_UNSPACED.has(word) && !startsWithStem(word, BESIDE)) return false;
  }
  return named;
}

/** The names of files in a question: "What is handbook.md about?". */
export function fileNamesIn(question: string): string[] {
  return question.match(FILE_NAME) ?? [];
}

/** Without spaces there are many ways to cut words: the text is eaten up from its start, longest words first. */
function consistsOf(text: string, language: Language, namesFile: boolean): boolean {
  const known = [...UNSPACED_WORDS, ...FUNCTION_WORDS.get(language)!].sort((a, b) => b.length - a.length);
  let named = namesFile;
  for (let at = 0; at < text.length; ) {
    const word = text[at] === ' ' ? ' ' : known.find((one) => text.startsWith(one, at));
    if (word === undefined) return false;
    named ||= NAMED_UNSPACED.has(word);
    at += word.length;
  }
  return named;
}

function stems(list: string): ReadonlySet<string> {
  return new Set(list.trim().split(/\s+/).map(fold));
}

/** At most 6 letters longer than the stem: "documents" and "Zusammenfassung", but no compound. */
function startsWithStem(word: string, known: ReadonlySet<string>): boolean {
  for (let length = word.length; length >= Math.max(2, word.length - 6); length--) {
    if (known.has(word.slice(0, length)) && (length >= 4 || length === word.length)) return true;
  }
  return false;
}
