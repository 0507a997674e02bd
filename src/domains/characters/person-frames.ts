import { foldLetters } from '../../ground/letters.ts';
import { clauseAround } from './clause.ts';
import type { Sighting } from './name-sense.ts';

const listed = (text: string) => text.split(' ').map(foldLetters).join('|');

/** Who somebody is to the speaker, a title, or that a name follows: "my cousin Hope", "Frau Sommer", "she is called Rose". */
const INTRODUCES = new RegExp(
  `(?:^|[^\\p{L}\\p{M}])(?:${listed(
    'friend cousin sister brother neighbor neighbour colleague boss wife husband daughter son aunt uncle nephew niece girlfriend boyfriend roommate flatmate classmate partner fiancé fiancée ' +
      'named called nicknamed mr mrs ms miss mister dr doctor professor prof sir lady lord captain detective inspector sergeant lieutenant ' +
      'freund freundin kollege kollegin schwester bruder nachbar nachbarin cousine vetter tante onkel tochter sohn nichte neffe chef chefin frau herr herrn fräulein heiße heißt hieß namens genannt nenne nennt nannte ' +
      'ami amie copain copine collègue soeur sœur frère voisin voisine cousin tante oncle fille fils nièce neveu patron patronne monsieur madame mademoiselle mme mlle professeur docteur maître appelle appelait appelée nommé nommée ' +
      'amigo amiga hermana hermano prima primo vecina vecino tía tío hija hijo sobrina sobrino compañera compañero jefa jefe novia novio esposa esposo marido señor señora señorita don doña profesor profesora doctora llama llamo llamaba llamada llamado ' +
      'amico amica sorella fratello cugina cugino vicina vicino zia zio figlia figlio nipote collega moglie marito fidanzata fidanzato signor signora signorina dottor dottoressa professoressa chiama chiamo chiamava chiamata chiamato ' +
      'irmã irmão tia tio vizinha vizinho filha filho sobrinha sobrinho colega esposa marido namorada namorado senhor senhora dona seu chefe chama chamo chamava chamada chamado ' +
      'vriend vriendin zus zusje broer broertje buurman buurvrouw nicht neef oom dochter zoon collega vrouw man meneer mevrouw juf juffrouw meester heet genaamd ' +
      'arkadaşım arkadaşı arkadaş kardeşim ablam abim ağabeyim kuzenim komşum komşumuz teyzem halam amcam dayım kızım oğlum eşim öğretmenim adlı isimli adında adı ismi ' +
      'подруга друг сестра брат сосед соседка тётя дядя дочь сын жена муж коллега начальник начальница зовут звали имени господин госпожа мама папа племянник племянница ' +
      'koleżanka kolega siostra brat sąsiad sąsiadka ciocia wujek córka syn żona mąż pan pani imieniu ' +
      'vän väninna syster bror granne kollega moster faster dotter son fru herr heter kallas ven veninde søster nabo datter hedder søn venn venninne søster heter ' +
      'صديقتي صديقي أختي أخي ابنتي ابني جارتي جاري زميلتي زميلي خالتي عمتي خالي عمي أمي أبي زوجتي زوجي السيد السيدة الأستاذ الأستاذة الدكتور الدكتورة الآنسة اسمه اسمها اسمي يدعى تدعى يا ' +
      'दोस्त सहेली बहन भाई पड़ोसी पड़ोसन चाची चाचा मौसी मामा बेटी बेटा पत्नी पति श्री श्रीमती सुश्री डॉक्टर नाम हे अरे ' +
      'חברה חבר אחותי אחי שכנה שכן בתי בני אשתי בעלי חברתי חברי מר גברת קוראים שמה שמו',
  )})\\.?\\s+(?:${listed('لها له לה לו')}\\s+)?$`,
  'u',
);
/** What only people do, as far as texts say it: they say, ask, think, wish, write. */
const SAYS = listed(
  'said says told tells asked asks answered replied thinks thought wants wanted knows knew believes wrote writes smiled laughed whispered shouted explained promised agreed ' +
    'sagt sagte meint meinte fragt fragte antwortete antwortet erzählte erzählt denkt dachte weiß wusste möchte wollte schrieb schreibt lachte lacht lächelte flüsterte versprach glaubt glaubte ' +
    'dit disait demande demandait répond répondit pense pensait veut voulait sait savait raconte racontait écrit sourit ' +
    'dijo dice preguntó pregunta respondió responde contó cuenta piensa pensó quiere quería sabe sabía escribió llamó sonrió explicó prometió cree ' +
    'disse dice chiede chiese rispose risponde pensa pensava vuole voleva racconta sorrise crede scrisse ' +
    'diz perguntou pergunta respondeu contou quer queria sabia escreveu ligou falou explicou prometeu riu sorriu acha ' +
    'zei zegt vroeg vraagt antwoordde vertelde vertelt denkt dacht weet wist wil wilde schreef lachte belde ' +
    'dedi diyor sordu söyledi anlattı yazdı güldü istiyor biliyor düşünüyor ' +
    'сказал сказала говорит говорила говорил спросил спросила спрашивает ответил ответила рассказал рассказала думает хочет хотела хотел знает написал написала позвонил позвонила засмеялся засмеялась улыбнулся улыбнулась пишет обещал обещала считает купил купила ' +
    'powiedział powiedziała mówi zapytał zapytała myśli chce wie napisał napisała sade säger frågade tror siger sagde spurgte sier sa spurte ' +
    'قال قالت يقول تقول سأل سألت أجاب أجابت ضحك ضحكت ابتسم ابتسمت كتب كتبت يظن تظن يريد تريد ' +
    'אמר אמרה שאל שאלה ענה ענתה חושב חושבת רוצה סיפר סיפרה',
);
const HAS_SAID = listed(
  'dit demandé répondu raconté écrit appelé promis expliqué pensé voulu souri ri ' +
    'dicho preguntado respondido contado escrito llamado detto chiesto risposto raccontato scritto chiamato telefonato invitato voluto promesso ' +
    'gesagt gefragt geantwortet erzählt geschrieben angerufen dito perguntado contado',
);
const OBJECTS = listed("me te se le les lo la los nos mi ti ci vi gli lui lhe leur nous vous m' t' s' l' n'");
const AUXILIARY = listed('a avait ha había aveva hat hatte heeft had hade har tem tinha has');
const ANYBODY_SAYS = new RegExp(
  `^\\s+(?:(?:(?:${OBJECTS})\\s*){0,2}(?:${AUXILIARY})\\s+(?:\\p{L}+\\s+){0,3}(?:${HAS_SAID})|(?:(?:${OBJECTS})\\s*){0,2}(?:${SAYS}))(?![\\p{L}\\p{M}])`,
  'u',
);
const SAID_BEFORE = new RegExp(
  `(?:^|[^\\p{L}\\p{M}])(?:${listed(
    'said asked answered replied whispered shouted laughed sagte fragte meinte antwortete rief flüsterte lachte dit demanda répondit dijo preguntó respondió gritó disse chiese rispose esclamò perguntou respondeu zei vroeg antwoordde riep сказал сказала спросил спросила ответил ответила',
  )})\\s+$`,
  'u',
);
const ENDS = /^\s*(?:$|[,.!?;:…؟،؛।"”»„“)\n])/u;
/** Arabic says what is done before who does it. */
const DOES_BEFORE = new RegExp(
  `(?:^|[^\\p{L}\\p{M}])(?:[وف])?(?:${listed(
    'قال قالت سأل سألت أجاب أجابت ضحك ضحكت ابتسم ابتسمت كتب كتبت ذهب ذهبت وصل وصلت سافر سافرت اتصل اتصلت أكل أكلت تزوج تزوجت اشترى اشترت زار زارت أخبرني أخبرتني طلب طلبت يعمل تعمل يعيش تعيش يسكن تسكن يدرس تدرس يحب تحب يقول تقول درس درست عمل عملت نام نامت',
  )})\\s+$`,
  'u',
);
/** What stands behind a name in languages that write titles there, or that mark people otherwise. */
const BEHIND = new RegExp(
  `^\\s+(?:${listed('hanım bey abla abi ağabey teyze amca hoca öğretmen usta')}|${listed('ने जी दीदी भाई बहन भैया देवी कुमार बोली बोला कहती कहता')})(?![\\p{L}\\p{M}])`,
  'u',
);
/** Turkish parts an ending from names only. */
const ENDING_OF_NAMES =
  /^'(?:n?[iu]n|y?[aeiu]|[dt][ae]n?|y?l[ae]|n[ae]|nd[ae]n?|yd[iu]|[dt][iu]r|l[ae]r\p{L}*)(?![\p{L}\p{M}])/u;

/** Whether what stands around a word says that it is somebody's name, whatever else the word means. */
export function isPerson(text: string, sighting: Sighting): boolean {
  const { before, after } = clauseAround(text, sighting);
  return (
    INTRODUCES.test(before) ||
    ANYBODY_SAYS.test(after) ||
    (SAID_BEFORE.test(before) && ENDS.test(after)) ||
    DOES_BEFORE.test(before) ||
    BEHIND.test(after) ||
    ENDING_OF_NAMES.test(after)
  );
}
