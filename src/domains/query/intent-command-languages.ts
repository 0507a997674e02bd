import { TALKS_ABOUT } from './intent-talk.ts';
import type { IntentRule } from './intent-vocabulary.ts';

/** How one language orders a machine about. Parts of regular expressions; `_` stands for a space. */
interface Orders {
  /** To delete, and to start or stop; each with what it is done to. */
  readonly destroy: string;
  readonly things: string;
  readonly turn: string;
  readonly machines: string;
  /** What may stand between the verb and its object: articles, "all", "these". */
  readonly between: string;
  /** What may follow "restart the server" within its order: "neu" of "starte … neu". */
  readonly particles?: string;
  /** What joins "on the server" to it. */
  readonly on?: string;
}

/** The verb comes first: "Lösche alle Dateien". */
const VERB_FIRST: readonly Orders[] = [
  {
    destroy: 'lösch(?:e|en|t)?|entfern(?:e|en|t)?|zerstör(?:e|en|t)?|vernichte[nt]?|formatier(?:e|en|t)?',
    things:
      '\\p{L}{0,20}datei(?:en)?|ordner|verzeichnis(?:se)?|datenbank(?:en)?|festplatten?|laufwerke?|partition(?:en)?',
    turn: 'start(?:e|en|et)?|stopp(?:e|en|t)?|beende[nt]?|fahr(?:e|en|t)?|boote',
    machines:
      'server|rechner|computer|system|dienste?|prozesse?|datenbank(?:en)?|container|nginx|apache|docker|postgres',
    between:
      'alle|die|den|das|der|diese[nrs]?|meine?n?|unsere?n?|sämtliche[nr]?|jede[nrs]?|mir|bitte|ganzen?',
    particles: 'neu|herunter|runter|hoch|ab|jetzt|sofort|bitte',
    on: 'auf_dem|auf_der|vom|von_der|im|in_der',
  },
  {
    destroy: 'supprime[rz]?|efface[rz]?|détrui(?:s|sez|re)|formate[rz]?',
    things: 'fichiers?|dossiers?|répertoires?|bases?_de_données|disques?(?:_durs?)?|partitions?',
    turn: 'redémarre[rz]?|relance[rz]?|démarre[rz]?|arrête[rz]?|stoppe[rz]?|éteins|éteignez|éteindre',
    machines: 'serveurs?|ordinateurs?|machine|système|services?|processus|base_de_données|conteneurs?',
    between: "tous|toutes|tout|toute|les|le|la|l['’]|ces|cette|ce|mes|mon|ma|nos|notre",
    particles: 'maintenant|immédiatement',
    on: 'sur_le|sur_la|du|de_la|dans_le|dans_la',
  },
  {
    destroy: 'borra[rd]?|borre|elimina[rd]?|elimine|destruye|destruir|formatea[rd]?|suprime',
    things:
      'archivos?|ficheros?|carpetas?|directorios?|bases?_de_datos|discos?(?:_duros?)?|particiones|partición',
    turn: 'reinicia[rd]?|reinicie|apaga[rd]?|apague|detén|detenga|detener|arranca[rd]?|inicia[rd]?|inicie',
    machines: 'servidor(?:es)?|ordenador|computadora|máquina|sistema|servicios?|procesos?|base_de_datos',
    between: 'todos|todas|todo|toda|los|las|el|la|mis|mi|estos|estas|este|esta',
    particles: 'ahora|ya|inmediatamente',
    on: 'en_el|en_la|del|de_la',
  },
  {
    destroy: 'apagu?e|apaga[r]?|exclua|excluir|delete|elimine|remova|formate',
    things:
      'arquivos?|ficheiros?|pastas?|diretórios?|ban?cos?_de_dados|bases?_de_dados|discos?(?:_rígidos?)?',
    turn: 'reinici[ea]r?|deslig(?:ue|a|ar)|pare|parar|inici[ea]|encerre',
    machines: 'servidor(?:es)?|computador|máquina|sistema|serviços?|processos?|banco_de_dados',
    between: 'todos|todas|os|as|o|a|meus|minhas|estes|estas|esses|essas',
    particles: 'agora|imediatamente',
    on: 'no|na|do|da',
  },
  {
    destroy: 'cancella(?:re|te)?|elimina(?:re|te)?|distruggi|distruggere|formatta(?:re)?|rimuovi|rimuovere',
    things: 'file|cartell[ae]|directory|database|disc(?:o|hi)(?:_rigid[oi])?|partizion[ei]',
    turn: 'riavvia(?:re)?|arresta(?:re)?|ferma(?:re)?|spegni|spegnere|avvia(?:re)?',
    machines: 'server|computer|macchina|sistema|servizi|servizio|process[oi]|database|container',
    between: "tutti|tutte|tutto|i|gli|le|il|lo|la|l['’]|questi|queste|miei|mie",
    particles: 'adesso|ora|subito',
    on: 'sul|sulla|dal|dalla|del|della',
  },
  {
    destroy: 'verwijder(?:en)?|wis(?:sen)?|vernietig(?:en)?|formatteer',
    things: 'bestand(?:en)?|map(?:pen)?|database|(?:harde_)?schij(?:f|ven)',
    turn: 'herstart|stop|start|sluit',
    machines: 'server|computer|machine|systeem|diensten?|proces(?:sen)?|database',
    between: 'alle|de|het|deze|dit|mijn|onze',
    particles: 'nu|onmiddellijk|opnieuw|af',
    on: 'op_de|van_de|in_de',
  },
  {
    destroy: 'usuń|skasuj|zniszcz|sformatuj',
    things: 'pliki?|foldery?|katalogi?|bazę_danych|bazy_danych|dyski?|partycję',
    turn: 'zrestartuj|uruchom_ponownie|zatrzymaj|wyłącz',
    machines: 'serwery?|komputer|system|usługi|usługę|procesy?|bazę_danych',
    between: 'wszystkie|te|ten|tę|moje|mój|cały|całą',
    particles: 'teraz|natychmiast',
    on: 'na|z|ze',
  },
  {
    destroy: 'удали(?:те|ть)?|сотри(?:те)?|стереть|уничтожь(?:те)?|отформатируй(?:те)?',
    things: 'файлы?|папк[иу]|каталоги?|директори[июя]|баз[ыу](?:_данных)?|диски?|разделы?',
    turn: 'перезагрузи(?:те|ть)?|перезапусти(?:те|ть)?|останови(?:те|ть)?|выключи(?:те|ть)?|запусти(?:те|ть)?',
    machines:
      'серверы?|компьютеры?|машину|систему|служб[ыу]|сервисы?|процессы?|баз[ыу](?:_данных)?|контейнеры?',
    between: 'все|всё|весь|всю|эти|этот|эту|мои|мой|мою|наши',
    particles: 'сейчас|немедленно|сейчас_же',
    on: 'на|с|со|из',
  },
  {
    destroy: 'احذف|امسح|أزل|دمر',
    things: '(?:ال)?(?:ملفات|ملف|مجلدات|مجلد|قرص|أقراص|قاعدة|قواعد)(?:_(?:ال)?(?:بيانات|صلب))?',
    turn: 'أعد_تشغيل|أوقف|أطفئ|شغل',
    machines: '(?:ال)?(?:خادم|خوادم|سيرفر|حاسوب|كمبيوتر|خدمات|خدمة|عمليات|عملية|نظام)',
    between: 'جميع|كل|كافة|هذه|هذا',
    particles: 'الآن|فورا',
    on: 'على|من|في',
  },
  {
    destroy: 'מחק|מחקי|מחקו|השמד|פרמט',
    things: 'ה?(?:קבצים|קובץ|תיקיות|תיקייה|דיסק|כונן|מסד)(?:_ה?נתונים)?',
    turn: 'הפעל_מחדש|אתחל|עצור|כבה',
    machines: 'ה?(?:שרתים|שרת|מחשב|שירותים|שירות|תהליכים|תהליך|מערכת)',
    between: 'את|כל',
    particles: 'עכשיו|מיד',
  },
];

/** Complete orders of languages without spaces, or whose verb comes last: "すべてのファイルを削除して". */
const WHOLE: readonly string[] = [
  '(?:请|請|立即|马上)?(?:删除|刪除|清空|销毁|抹掉|格式化)\\s?(?:所有|全部|这些|这个|整个|我|的|服务器上){0,4}(?:文件夹|文件|档案|檔案|目录|数据库|資料庫|硬盘|硬碟|磁盘|分区)',
  '(?:请|請|立即|马上)?(?:重启|重啟|重新启动|关闭|停止|终止|启动)\\s?(?:所有|全部|这台|这个|该|的){0,2}(?:服务器|伺服器|服务|进程|电脑|電腦|计算机|系统|数据库)',
  '(?:(?:すべて|全て|全部|この|その|私|サーバー?|上)の?){0,3}(?:ファイル|フォルダー?|ディレクトリ|データベース|ディスク|ハードディスク)を?(?:すべて|全て|全部)?(?:(?:削除|消去|破棄|初期化|フォーマット)(?:して|しろ|せよ|しなさい)|消して|消せ)(?:ください|下さい|くれ|ほしい)?',
  '(?:(?:すべて|全て|全部|この|その)の?)?(?:サーバー?|サービス|プロセス|コンピューター?|マシン|パソコン|システム|データベース)を?(?:すべて)?(?:(?:再起動|停止|終了|起動|シャットダウン)(?:して|しろ|せよ|しなさい)|止めて|落として)(?:ください|下さい|くれ|ほしい)?',
  '(?:(?:모든|이|그|전체|내|서버의)\\s?){0,2}(?:파일|폴더|디렉터리|디렉토리|데이터베이스|디스크)(?:들)?(?:을|를)?\\s?(?:모두|전부|다)?\\s?(?:(?:삭제|제거|포맷|파기)(?:해라|하라|하세요|해)|지워)\\s?(?:줘요|줘|주세요)?',
  '(?:(?:모든|이|그)\\s?)?(?:서버|서비스|프로세스|컴퓨터|시스템|데이터베이스)(?:들)?(?:을|를)?\\s?(?:모두|전부|다)?\\s?(?:재시작|재부팅|종료|중지|정지)(?:해라|하라|하세요|해|시켜)\\s?(?:줘요|줘|주세요)?',
  '(?:(?:tüm|bütün|bu|şu|sunucudaki|bilgisayardaki)\\s){0,3}(?:dosya|klasör|dizin|veritaban|disk|sürücü)\\p{L}{0,8}\\s(?:(?:hemen|şimdi|lütfen)\\s)?(?:sil|kaldır|yok\\set|biçimlendir|formatla)(?:in|iniz)?',
  '(?:(?:tüm|bütün|bu|şu)\\s)?(?:sunucu|bilgisayar|hizmet|servis|süreç|sistem|veritaban)\\p{L}{0,8}\\s(?:(?:hemen|şimdi|lütfen)\\s)?(?:yeniden\\sbaşlat|durdur|kapat|sonlandır)(?:in|ın|ınız)?',
  '(?:(?:सभी|सारी|सारे|सब|इन|ये|मेरी)\\s){0,2}(?:फ़ाइल|फाइल|फ़ोल्डर|फोल्डर|डेटाबेस|डिस्क)\\S{0,6}\\s(?:को\\s)?(?:हटा|मिटा|डिलीट\\sकर|नष्ट\\sकर)\\S{0,3}(?:\\s(?:दो|दें|दीजिए|डालो))?',
  '(?:(?:सभी|इस|इन)\\s)?(?:सर्वर|कंप्यूटर|सेवा|सिस्टम|डेटाबेस)\\S{0,4}\\s(?:को\\s)?(?:पुनः\\s(?:आरंभ|प्रारंभ|शुरू)|रीस्टार्ट|बंद)\\s(?:करें|करो|कर\\sदो|कर\\sदें|कीजिए)',
  '(?:กรุณา|โปรด|ช่วย)?(?:ลบ|ฟอร์แมต)\\s?(?:ไฟล์|โฟลเดอร์|ฐานข้อมูล|ดิสก์|ฮาร์ดดิสก์)(?:ทั้งหมด|ทุกอัน|นี้|เหล่านี้|ของฉัน)?',
  '(?:กรุณา|โปรด|ช่วย)?(?:รีสตาร์ท|รีบูต|ปิด|หยุด)\\s?(?:เซิร์ฟเวอร์|เครื่อง|คอมพิวเตอร์|บริการ|ระบบ)(?:ทั้งหมด|นี้)?',
  // Modal verbs send the German and Dutch infinitive to the end.
  '(?:(?:alle|die|das|den|de|het|deze|sämtliche)\\s){0,2}(?:\\p{L}{0,20}datei(?:en)?|ordner|datenbank(?:en)?|festplatten?|bestanden|mappen|database)\\s(?:löschen|entfernen|vernichten|formatieren|verwijderen|wissen)',
  '(?:(?:den|die|das|alle|de|het)\\s){0,2}(?:server|rechner|computer|dienste?|prozesse?|diensten)\\s(?:neu\\s?starten|neustarten|herunterfahren|stoppen|beenden|herstarten)',
];
const ENDS_WHOLE = '[\\s.!?。！？।]*$';

/** In languages other than English; each is an order only where its sentence ends with it, or goes on with a place. */
export const ORDERS_OF_LANGUAGES: readonly IntentRule[] = [
  ...VERB_FIRST.map((orders) => rule(verbFirst(orders))),
  rule(`(?:${WHOLE.join('|')})${ENDS_WHOLE}`),
];

function verbFirst({ destroy, things, turn, machines, between, particles, on }: Orders): string {
  const place = on ? `(?:\\s(?:${on})\\s(?:${machines}))?` : '';
  const end = `${place}(?:\\s(?:${particles ?? '(?!)'})){0,3}(?=[\\s.!?]*$|[.!?;:]|\\s["'\\x60/~]|\\s\\S{0,60}[./]\\S)`;
  const part = (verbs: string, objects: string) =>
    `(?:${verbs})\\s(?:(?:${between})\\s?){0,4}(?<=[\\s'’])(?:${objects})(?!\\p{L})${end}`;
  return `(?:${part(destroy, things)}|${part(turn, machines)})`.replaceAll('_', '\\s');
}

function rule(pattern: string): IntentRule {
  return {
    intent: 'system_command',
    confidence: 0.85,
    why: 'an order to destroy stored things, or to start or stop a machine, in another language',
    pattern: new RegExp(`^${pattern}`, 'iu'),
    unless: TALKS_ABOUT,
  };
}
