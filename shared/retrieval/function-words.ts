/**
 * The words of a question that say nothing about its subject: articles, pronouns, prepositions, auxiliaries, question
 * words. By language, lower case, accents folded as `foldWord` does. Of unspaced scripts, as ICU cuts them.
 */

const LISTS = {
  en: `a about above after again all also am an and any are as at be because been before being below between both but
    by can could did do does doing down during each either else etc ever every few find for from further get give given
    gives had has have having he her here hers him his how however i if in into is isn it its just know let like made make
    many may me mean means meant might more most much must my name need no nor not now of off on once one only or other
    our out over own please same say says shall she should show so some such tell than that the their them then there
    these they this those through to too under until up us use used very was we were what whats when where which while
    who whom whose why will with within without would you your s t re ve ll d m don doesn didn today tomorrow
    yesterday time thing things hello hi thanks thank`,
  de: `ab aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bin bis bist da dabei
    damit dann das dass daß dein deine dem den denn der des dessen dich die dies diese diesem diesen dieser dieses dir
    doch dort du durch ein eine einem einen einer eines er es etwas euch euer finde finden findet fur gab gegen gibt hab habe haben hat hatte
    hatten heisst heißt hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in ins ist ja jede jedem jeden
    jeder jedes kann kannst kein keine konnen konnte lautet macht man mehr mein meine meinem meinen meiner mich mir mit
    muss mussen nach neben nicht noch nun nur ob oder ohne sag schon sehr sein seine seinem seinen seiner seit sich sie
    sind so soll sollte sowie uber um und uns unser unsere unter viel viele vom von vor wann war waren warum was wegen
    weil welche welchem welchen welcher welches wem wen wenn wer werden wessen wie wieso wieviel wird wo wofur woher wohin
    womit wozu wurde wurden zu zum zur zwischen bedeutet bitte heute morgen gestern uhr zeit hallo danke worum wovon womit wodurch woran dieser mal dir`,
  fr: `a ai ait alors as au aucun aussi autre aux avait avec avez avoir avons c ce cela celle celui ces cet cette ceux
    chaque chez combien comment d dans de des donc dont du elle elles en entre est et etait etaient ete etes etre eu eux
    fais fait faire font il ils j je l la le les leur leurs lors lui m ma mais me meme mes moi mon n ne nos notre nous on
    ont ou par pas peut peuvent plus pour pourquoi qu quand que quel quelle quelles quels qui quoi s sa sans se sera ses
    si soit son sont sous suis sur t ta te tes toi ton tous tout toute toutes tu un une va vers veut vos votre vous y
    appelle signifie quelqu lequel laquelle ici svp aujourd hui demain hier heure bonjour merci`,
  es: `a al algo ante antes aqui asi aun aunque cada como con contra cual cuales cuando cuanta cuantas cuanto cuantos de
    del desde donde dos e el ella ellas ellos en entre era eran es esa ese eso esta estaba estan estar este esto fue
    fueron ha habia han has hasta hay he hora la las le les lo los mas me mi mis mucho muy ni no nos nosotros o os otra otro
    para pero por porque puede pueden puedo que quien quienes se sea ser si sido sin sobre son su sus tambien te tengo
    tiene tienen todo todos tu tus un una unas uno unos usted y ya yo favor llama significa hoy manana ayer hola gracias`,
  it: `a ad agli ai al alla alle allo anche ancora c che chi ci cio cioe come con contro cosa cui da dagli dai dal dalla
    dalle de degli dei del dell della delle dello di dice dopo dove due e ed era erano essere fa fra fu gli ha hai hanno
    ho i il in io l la le lei li lo loro lui ma me mi mia mio ne nei nel nell nella nelle no noi non nostro o ogni ora per
    perche piu po puo qual quale quali quando quanta quante quanti quanto quel quella quello questa queste questi questo
    qui se sei si sia siamo sono sta su sua sue sui sul sulla suo te ti tra tu tua tuo tutti un una uno va vi voi chiama
    significa`,
  pt: `a ao aos aquela aquele as ate com como da das de dela dele deles depois do dos e ela elas ele eles em entre era
    eram essa esse esta estao estar estava este estou eu foi foram ha hora horas isso isto ja la lhe mais mas me mesmo meu meus
    minha muito na nao nas nem no nos nossa nosso o onde os ou para pela pelas pelo pelos pode podem por porque posso
    qual quais quando quanta quantas quanto quantos que quem se seja sem ser seu seus so sua suas tambem te tem tenho ter
    teu tu um uma voce voces significa chama fica`,
  nl: `aan al alle als ander bij daar dan dat de deze die dit doet door dus een en er ge geen had hadden heb hebben
    heeft heet hem het hier hij hoe hoeveel hun ik in is ja je jij jouw kan kun kunnen maar me meer men met mij mijn moet
    mogen na naar niet nog nu of om onder ons onze ook op over staat te tegen toen tot u uit uw van veel voor waar waarom
    wanneer waren was wat we welk welke werd werden wie wij wil worden wordt ze zich zij zijn zo zonder zou betekent`,
  sv: `alla allt an att av blev bli da de dem den denna deras dess det detta dig din dina dit du dar eller en ett fran
    finns for fore gor ha hade han hans har hon hos hur hvad hvem hvor i icke in inom inte ja jag kan kunde man manga med
    mellan men mig min mina mot mycket nagon nagot nar ni nu och om oss over pa sa sig sin sina ska skulle som till under
    upp ut utan vad vara varfor var vara vart vem vi vid vilka vilken vilket vill at blir der deres dette efter eg eller
    er et fra gjor hun hva hvilken hvilke hvordan hvorfor hvornar ikke jeg kunne lige mange meget mere mit ned noget nok
    og ogsa os pa selv sin sit skal til var ved ville vaere vores aer betyder heter hedder`,
  pl: `a aby ale bo by byc byl byla bylo byly ci co czego czemu czy czym dla dlaczego do gdy gdzie go i ich ile im ja
    jak jaka jaki jakie jakim jako je jego jej jest jestem jeszcze juz kiedy kim kogo komu kto ktora ktore ktory ktorych
    ktorym ku ma maja mam mi mnie moj moja moge moze mozna my na nad nam nas nie nich nim niz o od on ona one oni oraz po
    pod przed przez przy sa sie skad ta tak tam te tego tej ten to tu tych tym tylko u w we wy z za ze znaczy`,
  cs: `a aby ale ani asi az bez bude budou by byl byla byli bylo byt ci co coz do ho i ja jak jake jaka jaky jako je
    jeho jej jeji jejich jen jeste ji jim jiz jsem jsme jsou k kam kde kdo kdy kdyz kolik komu ktera ktere ktery ku ma
    maji mam me mezi mi mit mne mu muze my na nad nam nas ne nebo nez ni o od on ona oni po pod podle pro proc proto
    protoze pred pri s se si sve ta tak take tam te ten to tu ty u uz v ve vy z za ze`,
  ru: `а без бы был была были было быть в вам вас ваш весь во вот все всего всех вы где да для до его ее если есть еще ж
    же за и из или им их к как какая какие каким какой какова каков какого какому какое ко когда кого кому кто куда ли
    между меня мне может можно мой моя мы на над надо нам нас наш не него нее нет ни ним них но ну о об он она они оно от
    откуда по под почему при про с свой сколько со так также там тебя тем то того тоже той только том ты у уже чего чей
    чем через что чтобы чья скольких скольким какую каком какому эта эти это этого этой этом этот я является находится называется значит здесь тут пожалуйста сделай идет сегодня завтра вчера привет спасибо`,
  uk: `а або б без бути був була були було в вам вас ваш ви від він вона вони все всі де для до ж з за зі і із їх його
    її й як яка яке який які коли кого кому ким котрий куди ли ми мене мені може мій моя на над нам нас наш не нема ні
    о об от по під при про скільки та так там те ти то того тому той ту у хто це цей ця чи чому що щоб я є`,
  tr: `acaba ama ancak ait bana bazi ben beni benim bir biri biz bize bizim bu buna bunda bunu bunun cok da daha de
    degil diye dir en gibi hangi hangisi hem her hic icin ile ise iste kac kadar kendi ki kim kime kimin kimi kimdir mi
    mu misin lutfen bugun yarin dun merhaba mi mu nasil nasildir ne neden nedir neler nerede nerededir nereden nereye neyi nicin niye o olan olarak oldu
    olur on ona onlar onu onun sen seni senin siz sizin sonra su ve var vardir veya ya yani yok zaman`,
  fi: `ei eika emme en ennen ette han hanen he hei heidan ihan ja jo joka jos jotka kanssa kuin kuinka kuka kun kenen
    kenella ketka koska lisaksi me mika mikä mikin mina minun minne missa mista mita mitka mitä moni montako mutta myos
    ne niin nyt ole olen oli olivat olla on onko ovat paljon paljonko pitaa se sen siella sina sinun sita tai tama tassa
    te tuo vai vaan voi voiko`,
  hu: `a abban ahhoz ahogy aki akik ami amely az azok be csak de e egy el elott en es ez ezek ezt fel hany hanyan hogy
    hogyan hol honnan hova ide igen is itt ja ki kik kinek kit le lehet lesz ma majd meg mely melyik mennyi mert mi miert
    mikor milyen mint mit most ne nem ok oket on ott sem szamara te ti tobb ugy van vannak volt volna`,
  ro: `a ai al ale am ar are as asta au avea ca care cand cat cate cati ce cel cele cine cu cui cum da dar de deci despre
    din doar dupa e ea ei el ele era este eu face fi fiind fost i iar il in la le lor lui mai mea meu mi mult ne nici nu
    o or pe pentru poate prin s sa sau se si sub sunt tau te toate tu un una unde unei unui va vor`,
  id: `ada adalah akan aku anda apa apakah atau bagaimana bahwa berapa bisa boleh dalam dan dapat dari dengan di dia ini
    itu jika juga kami kamu kapan karena kata ke kepada kita lagi mana mengapa mereka oleh pada para saat saja saya
    sebagai sebuah secara sedang seperti siapa sudah tapi telah tentang tidak untuk yang`,
  vi: `ai anh bao bi boi cac cai cho chua co con cua da dang day de den di do duoc dau em gi giua hay khi khong la lai lam
    may moi mot nao nay neu nguoi nhu nhung nhieu o phai ra rang se tai the theo thi toi trong tu va vao ve vi voi`,
  el: `α αλλα αν απο αυτα αυτη αυτο αυτος για δε δεν ειναι εκει εμεις εχει εχουν εχω η ηταν θα και κατα κι μα με μετα μη
    μην μια μου μπορει μπορω να ο οι οπως οσο οτι ου ποια ποιο ποιοι ποιος που ποσα ποσες ποσο ποσοι ποτε προς πως σαν σε
    στα στη στην στις στο στον στους τα τη την της τι τις το τον του τους των υπο ως γιατι`,
  ar: `ا اذا الا التي الذي الذين الى ام ان انا انت انه انها او اي ايضا اين ايه بعد بل به بها بين تلك ثم حتي حول حيث خلال
    دون ذلك ذلك سوف شي عن عند عندما علي عليه عليها غير فقط في فيه فيها قبل قد كان كانت كل كم كما كيف لا لان لدي لدينا
    لقد لكل لكن لم لماذا لما له لها لهم لو ليس ما ماذا متي مثل مع من منذ منه منها نحن نعم هذا هذه هل هم هنا هناك هو هي و
    وهو وهي يا يتم يجب يكون يمكن يمكنني توجد يوجد تسمي يسمي معني عم من فضلك هوما اليوم غدا امس مرحبا شكرا`,
  fa: `از اگر اما ان اي اين است اند انها او با باشد بايد براي بر به بود بودند پس تا ترين تو جه چرا چند چه چيست چگونه چي
    خود در را روي شد شده شما كجا كدام كه كي كيست كنم كند ما من مي نيز نيست و ها هاي هر هم همه هست وي يا يك`,
  he: `אבל או אולי אותו אותה אז אחרי איך אילו אין איפה אל אלה אם אנחנו אני את אתה בו בה בין בלי בעל גם דרך הוא היא היה
    היו היכן הם הן הנה זאת זה זו יש כאן כדי כי כיצד כל כמה כמו כן כש לא לאן להיות לו לה לי לכם לנו לפני למה לפי מאוד מאיפה
    מה מהו מהי מהם מי מתי מדוע מן נו עד על עם עוד פה רק של שלו שלה שלהם שלי שלך שלנו שם תחת איזה איזו הזה הזאת הזו האלה בבקשה היום מחר אתמול שלום תודה`,
  hi: `अगर अब अपना अपनी अपने आप इन इस इसका इसकी इसके इसे उन उनका उनकी उनके उस उसका उसकी उसके उसे एक एवं ऐसे और कई कब
    कम कर करता करते करती करना करें करने कहां कहाँ का काम कि कितना कितनी कितने किन किया किस किसका किसकी किसके किसने
    किसे की कुछ के केवल कैसा कैसी कैसे को कोई कौन कौनसा कौनसी क्या क्यों गई गए गया जब जहां जा जाता जाती जाते जो तक तब
    तो था थी थे दिया दो द्वारा न नहीं ने पर पास फिर बहुत बाद भी मुझे में मेरा मेरी मेरे मैं यदि यह यहां या ये रहा रही रहे
    लिए लेकिन व वह वहां वाला वाली वाले वे सकता सकते सब साथ से हम हमारा हमारे ही हुआ हुई हुए है हैं हो तुम दीजिए कृपया आज कल नमस्ते धन्यवाद होता होती होते होना`,
  zh: `的 地 得 了 着 过 吗 呢 吧 啊 呀 嘛 是 有 在 和 与 及 跟 或 而 且 但 也 都 就 才 又 还 很 太 最 更 不 没 没有 我 你 您 他 她 它
    我们 你们 他们 自己 这 那 哪 这个 那个 哪个 哪些 哪里 哪儿 这里 那里 什么 怎么 怎样 怎么样 如何 为什么 为何 何时 何地 谁 几 多少 多
    多久 多长 多大 什么时候 时候 什么样 会 能 可以 要 应该 应 该 把 被 让 对 给 从 到 向 由 以 于 为 因为 所以 如果 请 请问 问 叫 做 个 些
    位 之 其 每 各 上 下 里 中 吗 呢 告诉 知道 有没有 是否 是不是 意思 指 一 一个 在哪 在哪里 在哪儿 今天 明天 昨天 你好 谢谢`,
  ja: `の に は を た が で て と し れ さ も する から な こと や い れる など ない この ため その あの どの よう また もの という まで られ
    なる へ か だ これ それ あれ どれ ここ そこ あそこ どこ いつ 誰 だれ どなた 何 なに なん いくら いくつ いくつか どう どうして どのよう どのように
    どんな なぜ 何故 ます ました ませ ません です でし でした でしょ でしょう う よ ね ん お ご ある あり いる いま し され せ せる ください 下さい 教え 教えて
    について とは ば なら たら り ら ず ぬ いう いい 言い 言う 人 方 的 れば どちら どっち くらい ぐらい ほど だけ 今日 明日 昨日`,
  ko: `그 이 저 것 수 등 및 또는 그리고 하지만 그러나 은 는 을 를 의 에 에서 로 으로 와 과 도 만 누가 누구 누구의 누구를 누구인가요 누구입니까
    누구야 무엇 무엇을 무엇이 무엇인가요 무엇입니까 뭐 뭐예요 뭐야 뭘 무슨 어떤 어느 어디 어디에 어디서 어디에서 어디에요 어디예요 어디인가요
    어디입니까 어디야 언제 언제인가요 언제입니까 왜 어떻게 얼마 얼마나 얼마인가요 얼마입니까 몇 있나요 있습니까 있어요 있는 있다 합니까 하나요 해요
    하는 했나요 했습니까 입니까 인가요 됩니까 되나요 나는 나의 내 제 우리 저는 대해 대한 주세요 알려주세요 알려 무엇일까요 오늘 내일 어제 안녕하세요`,
  th: `ที่ ซึ่ง อัน และ หรือ แต่ ใน บน จาก ถึง ของ กับ แก่ แด่ ต่อ โดย ด้วย เพื่อ เป็น คือ อยู่ มี ได้ ให้ ไม่ จะ แล้ว ก็ ว่า นี้ นั้น
    นั่น นี่ ใคร อะไร ไหน ที่ไหน เมื่อ เมื่อไร เมื่อไหร่ ไร ไหร่ อย่าง อย่างไร ยังไง ทำไม กี่ เท่าไร เท่าไหร่ เท่า ไหม มั้ย หรือไม่ คน ฉัน ผม
    ดิฉัน คุณ เขา เธอ เรา พวก มัน ความ การ ต้อง ควร อาจ สามารถ ถูก ไป มา เอา ขอ ครับ ค่ะ คะ นะ ตัว ใด บ้าง กัน วันนี้ พรุ่งนี้ เมื่อวาน สวัสดี ตอน ตอนไหน`,
} as const;

/** ISO 639-1. */
export type Language = keyof typeof LISTS;

/** Function words by language. */
export const FUNCTION_WORDS: ReadonlyMap<Language, ReadonlySet<string>> = new Map(
  Object.entries(LISTS).map(([language, list]) => [language as Language, new Set(list.split(/\s+/))]),
);
