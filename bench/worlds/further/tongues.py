"""What people talk about, in sixteen languages. [a|b] are alternatives, {t} the subject, {n} a number."""

from __future__ import annotations

# language: share among people, clock offsets, countries
SPEAKERS = {
    "en": (38, (-8, -6, -5, 0, 0, 5.5, 10), ("us", "us", "us", "gb", "in")),
    "es": (8, (-6, -5, -3, 1), ("mx", "es", "ar")),
    "pt": (6, (-3, -3, 0), ("br", "br", "pt")),
    "fr": (5, (1, 1, -5), ("fr",)),
    "de": (5, (1,), ("de",)),
    "it": (3, (1,), ("it",)),
    "pl": (2.5, (1,), ("pl",)),
    "ru": (4.5, (3, 3, 5, 7), ("ru",)),
    "tr": (3, (3,), ("tr",)),
    "ar": (4, (2, 3), ("eg", "sa")),
    "hi": (4, (5.5,), ("in",)),
    "id": (3, (7,), ("id",)),
    "vi": (3, (7,), ("vn",)),
    "zh": (6, (8,), ("cn", "cn", "tw")),
    "ja": (4.5, (9,), ("jp",)),
    "ko": (3, (9,), ("kr",)),
}

# English: fields of interest and their subjects
FIELDS = {
    "kitchen": "sourdough starter|lentil curry|pickled onions|a pressure cooker|freezer meals|gluten-free pancakes|a birthday cake for twelve|bone broth|leftover rice|homemade pasta",
    "garden": "raised beds|tomato blight|a lawn full of moss|composting in winter|balcony herbs|pruning apple trees|slugs on lettuce|a rain barrel|indoor ferns|bulbs in clay soil",
    "travel": "an overnight train to Vienna|two weeks in Peru|visa papers for Japan|a road trip with a dog|hostels in Porto|hiking the Tatra mountains|layovers in Doha|travel insurance|packing for Iceland|a ferry to Corsica",
    "house": "a dripping mixer tap|damp in the cellar|plaster cracks|an old gas boiler|squeaky floorboards|tiling a shower|a tripping breaker|insulating a loft|sticking windows|a stained worktop",
    "money": "a second-hand car loan|my first tax return|an emergency fund|splitting rent fairly|index funds|freelance invoices|a pension from two countries|student debt|a mortgage offer|quarterly VAT",
    "work": "a notice letter|asking for a raise|my probation review|a gap in my CV|a panel interview|a difficult line manager|returning after parental leave|a hand-over document|a weekly status mail|changing trade at forty",
    "school": "photosynthesis|the causes of the First World War|quadratic equations|a book report on Frankenstein|plate tectonics|Newton's third law|the water cycle|subjunctive mood|supply and demand|the French Revolution",
    "family": "a toddler who won't sleep|a wedding speech for my sister|grandad's ninetieth|sharing chores|a shy eight-year-old|screen time rules|moving in together|a quarrel with my brother|twins starting school|an ageing parent",
    "body": "tight hamstrings|a couch to 5k plan|lower back stretches|sleeping badly|iron-rich meals|a sore wrist from typing|breathing exercises|marathon tapering|quitting caffeine|posture at a desk",
    "animals": "a rescue greyhound|a cat that bites ankles|aquarium algae|hens in winter|a parrot plucking feathers|puppy training|an old rabbit's diet|fleas|horse tack|a nervous hamster",
    "games": "a level 5 paladin|village names for my campaign|speedrun routing|a chess opening against e4|a deck for two colours|boss fight pacing|dungeon riddles|my clan's raid plan|a board game for six|farming sim layouts",
    "stories": "a heist on a sleeper train|a lighthouse keeper's diary|two rival bakers|a detective who forgets names|the last librarian|a poem about my late dog|a villain with a point|dialogue between sisters|a haunted ferry|an unreliable narrator",
    "music": "barre chords|mixing vocals|a set list for a pub gig|reading drum notation|singing in thirds|a second-hand cello|chord substitutions|choir warm-ups|a lo-fi beat|tuning by ear",
    "web": "a sticky header in CSS|React state that lags|CORS errors|an image carousel|slow first paint|form validation|a dark mode switch|a Vite build that fails|cookies across subdomains|lazy loading",
    "data": "a pivot table|duplicate rows in pandas|a VLOOKUP that returns N/A|joining two tables|a skewed histogram|dates in mixed formats|missing values|a window function|a slow query|scatter plot labels",
    "systems": "a systemd unit|ssh keys on Windows|docker volumes|nginx redirects|a full disk|cron that never fires|git rebase conflicts|a home server|DNS that won't propagate|memory leaks in Go",
    "trade": "a flyer for my bakery|a reply to a bad review|opening hours on a sign|product names for candles|a loyalty card|photos for a stall|pricing a logo|a refund policy|a cold mail to florists|a slogan for a barber",
    "law": "a deposit that was not returned|a noisy neighbour|a parking fine|a contract with no end date|returning shoes after 20 days|a will for a small flat|my tenancy notice period|a late flight|a fence on the border|overtime pay",
    "sky": "meteor showers|a first telescope|why Mars is red|tides|the far side of the moon|black holes|northern lights|star trails with a phone|eclipses|light years",
    "past": "Roman roads|the silk trade|my grandmother's emigration|castle kitchens|the printing press|the Hanseatic League|Viking ships|the Ottoman court|the telegraph|plague doctors",
    "craft": "a crochet blanket|dovetail joints|screen printing|a quilt from shirts|leather edges|kiln temperatures|a knitted heel|calligraphy ink|resin bubbles|book binding",
    "words": "a birthday message|a formal apology|the difference between affect and effect|a toast|a thank-you note|proofreading a cover letter|rhymes for winter|a wedding reading|a polite no|a motto for our team",
    "wheels": "a clutch that slips|winter tyres|a rattling exhaust|cargo bikes|parallel parking|a used van|brake pads|an electric car on holiday|a flat battery|chain wear",
    "belief": "stoicism|meditation|the trolley problem|forgiveness|fasting|free will|gratitude|what makes a good friend|loneliness in a new city|grief",
}
# English frames: expected answer in tokens, text
FRAMES = (
    (
        190,
        "[how do I|how can I|what's the best way to] [deal with|sort out|get better at|approach] {t}",
    ),
    (240, "[can you|could you|please] [explain|walk me through|tell me about] {t} {b}"),
    (330, "[I need|looking for] [a plan|some help|ideas] for {t} {b}"),
    (90, "is {t} [worth it|a good idea|normal|hard to learn] {b}?"),
    (
        420,
        "[write|draft] [something short|a page|a few paragraphs|a checklist] about {t} [for my mother|for work|for a friend|for our group chat|for my class]",
    ),
    (
        150,
        "[quick question|sorry if this is basic|question] - {t}: where [should I|do people usually|would you] start {b}",
    ),
    (
        130,
        "what [went wrong|am I missing|usually goes wrong] with {t} {b}? [I tried twice|it worked last year|no idea anymore]",
    ),
    (210, "{t} vs {u}: which [is better|should I pick|would you choose] {b}"),
    (
        260,
        "my [neighbour|boss|sister|teacher|flatmate] [keeps talking about|asked me about|is obsessed with] {t}. [What should I say|Give me the basics|Explain it simply]",
    ),
    (300, "[make|give] me a [list|table|short guide|weekly routine] on {t} {b}"),
    (70, "[one|a single] [sentence|tip|fact] about {t}"),
    (
        380,
        "here is what I have so far on {t}: [it is too long|it sounds stiff|it has no ending|I like the start] and I have {n} [days|hours|pages] left. [help|any thoughts?|rewrite it?]",
    ),
)
BITS = "with {n} [euros|dollars|pounds] to spend|when I only have weekends|if you live in a [small flat|cold place|hot country|big city]|without [buying anything new|a car|much time|experience]|as a [beginner|student|nurse|retired teacher|single dad|shift worker]|after {n} years away from it|before [Friday|the holidays|my exam|next month]|[honestly|ideally cheap|safely|quickly]|and [what it costs|how long it takes|who to ask]|for {n} people| | | "
TAILS = " | | | |[keep it short|short please|brief answer]|thanks|thank you!|bullet points please|no jargon|in simple words|I'm [new to this|in a hurry|on my phone]|[be honest|don't sugarcoat it]|with an example"
FOLLOW = "[and|ok but|hm,] what about {b}?|[can you|could you] make that [shorter|simpler|more concrete]?|why {n}?|[what if|suppose] it [doesn't work|rains|takes longer|breaks again]?|thanks, and {u}?|I meant {t}, not that|[give me|show me] another [one|example|option]|are you sure?|ok now in {n} words|which would you do first?"

# others: frames, bits, tails, subjects, follow-ups
REST = {
    "es": (
        "[¿Cómo puedo|¿Qué hago para] empezar con {t}? {b}|[Explícame|Cuéntame] lo básico sobre {t}. {b}|Necesito ideas para {t}. {b}|Tengo un problema con {t}. {b}|[Hazme|Prepárame] una lista sobre {t}. {b}|¿Vale la pena {t}? {b}|[Escribe|Redacta] un texto corto sobre {t}. {b}|Duda rápida: {t}. {b}",
        "Solo tengo {n} [días|euros|pesos].|Soy [principiante|estudiante|enfermera|jubilado].|Vivo en [un piso pequeño|un pueblo|una ciudad grande].|Es para [mi madre|mi clase|el trabajo].|Ya lo intenté {n} veces.|Somos {n} personas.|No entiendo nada.| ",
        " | |Gracias.|Breve, por favor.|Con ejemplos.|Sin tecnicismos.",
        "la tortilla de patatas|mi currículum|el alquiler|un cumpleaños infantil|las ecuaciones|una carta de queja|el jardín|un viaje a Oaxaca|la guitarra|el dolor de espalda|una entrevista|la declaración de la renta|un cuento de miedo|el perro nuevo|una boda|el inglés|la bicicleta|la Guerra Civil|una tienda online|el sueño del bebé",
        "¿Y si {b}|Más corto, por favor.|Dame otro ejemplo.|¿Por qué?|¿Estás seguro?|¿Y {u}?",
    ),
    "pt": (
        "[Como posso|Como faço para] começar com {t}? {b}|[Me explica|Explique] {t}. {b}|Preciso de ideias para {t}. {b}|Estou com dúvida sobre {t}. {b}|Faz uma lista sobre {t}. {b}|Vale a pena {t}? {b}|[Escreva|Faça] um texto sobre {t}. {b}|O que dá errado em {t}? {b}",
        "Tenho só {n} [reais|dias|horas].|Sou [iniciante|professora|aposentado|estudante].|É para [meu pai|a escola|o trabalho].|Moro em apartamento.|Já tentei {n} vezes.|Somos {n}.| ",
        " | |Obrigado!|Resumido, por favor.|Com exemplo.|Sem enrolação.",
        "pão de queijo|meu currículo|o aluguel|festa junina|frações|uma carta de reclamação|horta na varanda|viagem para Salvador|violão|dor no joelho|entrevista de emprego|imposto de renda|um conto de terror|o gato novo|casamento|inglês|corrida de rua|Brasil Império|loja virtual|sono do bebê",
        "E se {b}|Mais curto, por favor.|Outro exemplo?|Por quê?|Tem certeza?|E {u}?",
    ),
    "fr": (
        "[Comment|De quelle manière] bien commencer avec {t} ? {b}|[Explique-moi|Parle-moi de] {t}. {b}|Je cherche des idées pour {t}. {b}|J'ai un souci avec {t}. {b}|Fais-moi une liste sur {t}. {b}|Est-ce que {t}, ça vaut le coup ? {b}|[Écris|Rédige] un petit texte sur {t}. {b}|Petite question : {t}. {b}",
        "J'ai seulement {n} [euros|jours|heures].|Je suis [débutant|étudiante|infirmier|retraitée].|C'est pour [ma mère|mon travail|ma classe].|J'habite [un studio|à la campagne].|Nous sommes {n}.|J'ai déjà essayé {n} fois.| ",
        " | |Merci !|Court, s'il te plaît.|Avec un exemple.|Sans jargon.",
        "la pâte brisée|mon CV|le loyer|un anniversaire d'enfant|les fractions|une lettre de résiliation|le potager|un voyage à Lisbonne|le piano|le mal de dos|un entretien|les impôts|une nouvelle policière|le chien|un discours de mariage|l'espagnol|le vélo électrique|la Commune de Paris|une boutique en ligne|le sommeil de bébé",
        "Et si {b}|Plus court, merci.|Un autre exemple ?|Pourquoi ?|Tu es sûr ?|Et {u} ?",
    ),
    "de": (
        "[Wie gehe ich vor bei|Was muss ich wissen zu]: {t}? {b}|[Erklär mir|Kannst du mir erklären]: {t}? {b}|Ich brauche Ideen, Thema {t}. {b}|Problem: {t}. {b}|Mach mir eine Liste zum Thema {t}. {b}|Lohnt sich das: {t}? {b}|Schreib einen kurzen Text, Thema {t}. {b}|Kurze Frage zu: {t}. {b}",
        "Ich habe nur {n} [Euro|Tage|Stunden].|Ich bin [Anfängerin|Student|Rentner|Pfleger].|Es ist für [meine Mutter|die Arbeit|die Schule].|Wir sind {n} Leute.|Ich hab's schon {n} Mal probiert.|Bitte ohne Auto.| ",
        " | |Danke!|Bitte kurz.|Mit Beispiel.|Ohne Fachwörter.",
        "Sauerteig|Bewerbungsschreiben|Nebenkostenabrechnung|Kindergeburtstag|Bruchrechnen|Kündigung|Hochbeet|Urlaub an der Ostsee|Gitarre lernen|Rückenschmerzen|Vorstellungsgespräch|Steuererklärung|Kurzgeschichte|Welpe|Hochzeitsrede|Englisch|Fahrrad flicken|Weimarer Republik|Onlineshop|Babyschlaf",
        "Und wenn {b}|Kürzer bitte.|Noch ein Beispiel?|Warum?|Sicher?|Und {u}?",
    ),
    "it": (
        "Come si comincia con {t}? {b}|[Spiegami|Parlami di] {t}. {b}|Mi servono idee per {t}. {b}|Ho un problema con {t}. {b}|Fammi una lista su {t}. {b}|Conviene {t}? {b}|Scrivi un testo breve su {t}. {b}",
        "Ho solo {n} [euro|giorni].|Sono [alle prime armi|studente|infermiera].|È per [mia madre|il lavoro|la scuola].|Siamo in {n}.|Ci ho provato {n} volte.| ",
        " | |Grazie!|Breve, per favore.|Con esempi.",
        "la pasta fresca|il mio curriculum|l'affitto|una festa di compleanno|le frazioni|una lettera di reclamo|l'orto|un viaggio a Matera|il pianoforte|il mal di schiena|un colloquio|il 730|un racconto giallo|il gatto|un matrimonio|l'inglese|la bici|il Risorgimento|un negozio online|il sonno del bambino",
        "E se {b}|Più corto.|Un altro esempio?|Perché?|Sei sicuro?|E {u}?",
    ),
    "pl": (
        "Od czego zacząć, temat: {t}? {b}|[Wyjaśnij|Wytłumacz] mi temat: {t}. {b}|Potrzebuję pomysłów: {t}. {b}|Mam problem: {t}. {b}|Zrób listę: {t}. {b}|Czy warto: {t}? {b}|Napisz krótki tekst, temat: {t}. {b}",
        "Mam tylko {n} [złotych|dni|godzin].|Jestem [początkujący|studentką|na emeryturze].|To dla [mamy|klasy|szefa].|Jest nas {n}.|Próbowałem już {n} razy.| ",
        " | |Dzięki!|Krótko proszę.|Z przykładem.",
        "pierogi|CV|czynsz|urodziny dziecka|ułamki|reklamacja|ogródek|wyjazd w Bieszczady|gitara|ból pleców|rozmowa o pracę|PIT|opowiadanie|szczeniak|wesele|angielski|rower|rozbiory Polski|sklep internetowy|sen niemowlaka",
        "A jeśli {b}|Krócej.|Inny przykład?|Dlaczego?|Na pewno?|A {u}?",
    ),
    "ru": (
        "[С чего начать|Как подступиться], тема: {t}? {b}|[Объясни|Расскажи] просто: {t}. {b}|Нужны идеи: {t}. {b}|Проблема: {t}. {b}|Составь список: {t}. {b}|Стоит ли: {t}? {b}|Напиши короткий текст, тема: {t}. {b}|Подскажи: {t}. {b}",
        "У меня только {n} [дней|рублей|часов].|Я [новичок|студентка|на пенсии].|Это для [мамы|работы|урока].|Нас {n} человек.|Пробовал уже {n} раз.| ",
        " | |Спасибо!|Коротко.|С примером.|Без терминов.",
        "борщ|резюме|аренда квартиры|детский праздник|дроби|жалоба в банк|огород|поездка на Байкал|гитара|боль в спине|собеседование|налоговый вычет|рассказ|щенок|тост на свадьбу|английский|велосипед|реформы Петра|интернет-магазин|сон младенца",
        "А если {b}|Короче.|Ещё пример?|Почему?|Точно?|А {u}?",
    ),
    "tr": (
        "{t} için nereden başlamalıyım? {b}|{t} nedir, [kısaca|basitçe] anlat. {b}|{t} hakkında fikir lazım. {b}|{t} ile ilgili sorunum var. {b}|{t} için liste yap. {b}|{t} değer mi? {b}|{t} üzerine kısa bir yazı yaz. {b}",
        "Sadece {n} [günüm|liram] var.|[Öğrenciyim|Yeni başladım|Emekliyim].|[Annem|İşim|Sınıfım] için.|{n} kişiyiz.|{n} kere denedim.| ",
        " | |Teşekkürler.|Kısa olsun.|Örnek ver.",
        "mercimek çorbası|özgeçmiş|kira sözleşmesi|doğum günü|kesirler|şikayet dilekçesi|balkon bahçesi|Kapadokya gezisi|bağlama|bel ağrısı|iş görüşmesi|vergi|kısa öykü|kedi|düğün konuşması|İngilizce|bisiklet|Tanzimat|internet mağazası|bebek uykusu",
        "Peki {b}|Daha kısa.|Başka örnek?|Neden?|Emin misin?|Ya {u}?",
    ),
    "ar": (
        "كيف أبدأ مع {t}؟ {b}|[اشرح لي|حدثني عن] {t}. {b}|أحتاج أفكارا عن {t}. {b}|عندي مشكلة في {t}. {b}|اكتب قائمة عن {t}. {b}|هل يستحق {t}؟ {b}|اكتب نصا قصيرا عن {t}. {b}",
        "عندي {n} أيام فقط.|أنا [مبتدئ|طالبة|متقاعد].|هذا من أجل [أمي|العمل|المدرسة].|نحن {n} أشخاص.|جربت {n} مرات.| ",
        " | |شكرا.|باختصار.|مع مثال.",
        "الكشري|السيرة الذاتية|الإيجار|عيد ميلاد|الكسور|رسالة شكوى|حديقة السطح|رحلة إلى أسوان|العود|ألم الظهر|مقابلة عمل|الضرائب|قصة قصيرة|قطتي|كلمة زفاف|الإنجليزية|الدراجة|تاريخ الأندلس|متجر إلكتروني|نوم الرضيع",
        "وماذا لو {b}|أقصر من فضلك.|مثال آخر؟|لماذا؟|هل أنت متأكد؟|و{u}؟",
    ),
    "hi": (
        "{t} की शुरुआत कैसे करूँ? {b}|{t} के बारे में [समझाओ|बताइए]। {b}|{t} के लिए सुझाव चाहिए। {b}|{t} में दिक्कत है। {b}|{t} की सूची बनाओ। {b}|क्या {t} ठीक रहेगा? {b}|{t} पर छोटा लेख लिखो। {b}",
        "मेरे पास {n} [दिन|रुपये] हैं।|मैं [छात्र|नया|नर्स] हूँ।|यह [माँ|काम|स्कूल] के लिए है।|हम {n} लोग हैं।|{n} बार कोशिश की।| ",
        " | |धन्यवाद।|छोटा रखना।|उदाहरण के साथ।",
        "राजमा|बायोडाटा|किराया|जन्मदिन|भिन्न|शिकायत पत्र|छत का बगीचा|मनाली यात्रा|तबला|कमर दर्द|इंटरव्यू|आयकर|कहानी|कुत्ता|शादी का भाषण|अंग्रेज़ी|साइकिल|मुग़ल काल|ऑनलाइन दुकान|बच्चे की नींद",
        "और अगर {b}|और छोटा।|दूसरा उदाहरण?|क्यों?|पक्का?|और {u}?",
    ),
    "id": (
        "Bagaimana mulai [belajar|mengurus] {t}? {b}|[Jelaskan|Ceritakan] tentang {t}. {b}|Butuh ide untuk {t}. {b}|Ada masalah dengan {t}. {b}|Buat daftar tentang {t}. {b}|Apakah {t} layak? {b}|Tulis teks singkat tentang {t}. {b}",
        "Waktu saya cuma {n} hari.|Saya [pemula|mahasiswa|perawat].|Ini untuk [ibu|kantor|sekolah].|Kami {n} orang.|Sudah coba {n} kali.| ",
        " | |Terima kasih.|Singkat saja.|Pakai contoh.",
        "rendang|CV|sewa kos|ulang tahun|pecahan|surat keluhan|kebun balkon|liburan ke Lombok|gitar|sakit punggung|wawancara kerja|pajak|cerpen|kucing|pidato nikah|bahasa Inggris|sepeda|kerajaan Majapahit|toko online|tidur bayi",
        "Kalau {b}|Lebih pendek.|Contoh lain?|Kenapa?|Yakin?|Kalau {u}?",
    ),
    "vi": (
        "Bắt đầu với {t} thế nào? {b}|[Giải thích|Nói] về {t} giúp mình. {b}|Cần ý tưởng cho {t}. {b}|Mình gặp vấn đề với {t}. {b}|Lập danh sách về {t}. {b}|Có nên {t} không? {b}|Viết đoạn ngắn về {t}. {b}",
        "Mình chỉ có {n} ngày.|Mình là [người mới|sinh viên|y tá].|Cho [mẹ|công việc|lớp] mình.|Nhóm có {n} người.|Đã thử {n} lần.| ",
        " | |Cảm ơn.|Ngắn thôi.|Cho ví dụ.",
        "nấu phở|viết CV|thuê nhà|sinh nhật|phân số|thư khiếu nại|vườn ban công|du lịch Đà Lạt|đàn guitar|đau lưng|phỏng vấn|thuế|truyện ngắn|nuôi mèo|phát biểu đám cưới|tiếng Anh|xe đạp|nhà Trần|bán hàng online|giấc ngủ của bé",
        "Nếu {b}|Ngắn hơn.|Ví dụ khác?|Tại sao?|Chắc không?|Còn {u}?",
    ),
    "zh": (
        "[怎么|如何]开始{t}？{b}|[请解释|讲讲]{t}。{b}|关于{t}给点建议。{b}|{t}遇到问题了。{b}|列一个{t}的清单。{b}|{t}值得吗？{b}|写一段关于{t}的短文。{b}|想问一下{t}。{b}",
        "我只有{n}天。|预算{n}元。|我是[新手|学生|护士]。|给[妈妈|公司|班级]用的。|我们{n}个人。|试过{n}次了。| ",
        " | |谢谢。|简短一点。|举个例子。",
        "红烧肉|简历|租房合同|生日聚会|分数运算|投诉信|阳台种菜|去云南旅行|吉他|腰痛|面试|个税申报|短篇小说|养猫|婚礼致辞|英语口语|自行车保养|唐朝历史|开网店|宝宝睡眠",
        "如果{b}|再短一点。|换个例子？|为什么？|确定吗？|那{u}呢？",
    ),
    "ja": (
        "{t}は何から始めればいいですか。{b}|{t}について[教えて|説明して]ください。{b}|{t}のアイデアがほしいです。{b}|{t}で困っています。{b}|{t}のリストを作って。{b}|{t}はおすすめですか。{b}|{t}について短い文章を書いて。{b}",
        "時間は{n}日だけです。|予算は{n}千円です。|[初心者|学生|看護師]です。|[母|仕事|授業]のためです。|{n}人です。|{n}回試しました。| ",
        " | |ありがとう。|短くお願いします。|例をつけて。",
        "味噌汁|履歴書|賃貸契約|誕生日会|分数|苦情の手紙|ベランダ菜園|北海道旅行|ギター|腰痛|面接|確定申告|短編小説|猫の世話|結婚式のスピーチ|英会話|自転車|江戸時代|ネットショップ|赤ちゃんの睡眠",
        "{b}の場合は？|もっと短く。|別の例は？|なぜ？|本当に？|{u}は？",
    ),
    "ko": (
        "{t} 어떻게 시작하나요? {b}|{t}에 대해 [설명해 줘|알려 주세요]. {b}|{t} 아이디어가 필요해요. {b}|{t} 문제가 있어요. {b}|{t} 목록을 만들어 줘. {b}|{t} 괜찮을까요? {b}|{t} 주제로 짧은 글 써 줘. {b}",
        "시간이 {n}일뿐이에요.|저는 [초보|학생|간호사]예요.|[엄마|회사|수업]용이에요.|{n}명이에요.|{n}번 해 봤어요.| ",
        " | |고마워요.|짧게.|예시도.",
        "김치찌개|이력서|월세 계약|생일 파티|분수|항의 편지|베란다 텃밭|제주 여행|기타 연습|허리 통증|면접|연말정산|단편 소설|고양이|결혼식 축사|영어 회화|자전거|조선 역사|온라인 쇼핑몰|아기 수면",
        "만약 {b}|더 짧게.|다른 예는?|왜요?|확실해요?|{u}는요?",
    ),
}
# subjects of expert questions: by language, then what is asked of them
STUDY = {
    "en": "Bayesian updating|tax incidence|enzyme kinetics|graph colouring|sovereign debt restructuring|lattice vibrations|tort liability|cache coherence|sampling bias|differential diagnosis of anaemia|queueing theory|protein folding|monetary transmission|type inference|soil salinity|game trees|control loops|contract remedies|plasma confinement|phonology of loanwords|optimal stopping|battery degradation|river sedimentation|antitrust markets|compiler register allocation|vaccine trials",
    "es": "la inferencia bayesiana|la elasticidad de la demanda|la cinética enzimática|los grafos planos|la responsabilidad civil|la coherencia de caché|la anemia ferropénica|la teoría de colas|la política monetaria|el plegamiento de proteínas|la salinidad del suelo|los árboles de juego",
    "zh": "贝叶斯推断|需求弹性|酶动力学|图着色问题|侵权责任|缓存一致性|缺铁性贫血的鉴别|排队论|货币政策传导|蛋白质折叠|土壤盐碱化|博弈树搜索|电池衰减|最优停止|寄存器分配",
    "ru": "байесовский вывод|эластичность спроса|кинетика ферментов|раскраска графов|деликтная ответственность|когерентность кэша|железодефицитная анемия|теория очередей|денежная политика|сворачивание белков|оптимальная остановка|деградация батарей",
    "de": "Bayes-Inferenz|Nachfrageelastizität|Enzymkinetik|Graphenfärbung|Deliktshaftung|Cache-Kohärenz|Eisenmangelanämie|Warteschlangentheorie|Geldpolitik|Proteinfaltung|optimales Stoppen|Batteriealterung",
    "fr": "l'inférence bayésienne|l'élasticité de la demande|la cinétique enzymatique|la coloration de graphes|la responsabilité civile|la cohérence de cache|l'anémie ferriprive|les files d'attente|la politique monétaire|le repliement des protéines|l'arrêt optimal",
    "pt": "inferência bayesiana|elasticidade da demanda|cinética enzimática|coloração de grafos|responsabilidade civil|coerência de cache|anemia ferropriva|teoria das filas|política monetária|dobramento de proteínas|parada ótima",
    "ja": "ベイズ推定|需要の弾力性|酵素反応速度論|グラフ彩色|不法行為責任|キャッシュ一貫性|鉄欠乏性貧血|待ち行列理論|金融政策|タンパク質の折りたたみ|最適停止問題",
    "ar": "الاستدلال البايزي|مرونة الطلب|حركية الإنزيمات|تلوين الرسوم|المسؤولية المدنية|نظرية الطوابير|السياسة النقدية|فقر الدم|طي البروتين|التوقف الأمثل",
}
TASKS = {
    "en": "[Derive|Work out|Establish] how {t} [behaves|changes] when [the input doubles|one assumption fails|there are {n} agents|noise is added], and [compare it with|contrast it with] {u}.|A [researcher|committee|small firm|hospital] has {n} [cases|samples|offers|units] and must decide using {t}. [What should it do|Which choice holds up|How would an expert proceed]?|[Construct|Give] a [counterexample|worked case|numerical example with {n} values] on {t}[.| and one on {u}.]|[Two|Three] common [mistakes|misreadings] about {t} [under time pressure|in practice|in exams]: [find|name and correct] them.|[Given|Suppose] {n} observations, [estimate|bound|decide] what {t} [implies|predicts] about {u}.",
    "es": "Con {n} datos, [analiza|resuelve] un caso de {t} y [compáralo|relaciónalo] con {u}.|[Plantea|Construye] un ejemplo numérico de {t} con {n} valores.|¿Qué falla en {t} si [cambia un supuesto|hay {n} agentes]? Relaciónalo con {u}.",
    "zh": "给定{n}个数据，[分析|求解]一个{t}的案例，并与{u}比较。|构造一个有{n}个取值的{t}数值例子。|如果[一个假设不成立|有{n}个参与者]，{t}会怎样？与{u}有何联系？",
    "ru": "По {n} наблюдениям [разбери|реши] случай: {t}; сравни с темой: {u}.|Построй числовой пример ({n} значений): {t}.|Что изменится, если [нарушено одно предположение|участников {n}]: {t}? Связь с темой: {u}.",
    "de": "Mit {n} Beobachtungen: [löse|untersuche] einen Fall zu {t} und vergleiche mit {u}.|Konstruiere ein Zahlenbeispiel ({n} Werte) zu {t}.|Was ändert sich bei {t}, wenn [eine Annahme fällt|es {n} Beteiligte gibt]? Bezug zu {u}.",
    "fr": "Avec {n} observations, [analyse|résous] un cas sur {t} et compare avec {u}.|Construis un exemple chiffré ({n} valeurs) sur {t}.|Que devient {t} si [une hypothèse tombe|il y a {n} agents] ? Lien avec {u}.",
    "pt": "Com {n} observações, [analise|resolva] um caso de {t} e compare com {u}.|Monte um exemplo numérico ({n} valores) de {t}.|O que muda em {t} se [uma hipótese falha|há {n} agentes]? Relacione com {u}.",
    "ja": "{n}個のデータで{t}の事例を[分析し|解き]、{u}と比較してください。|{n}個の値で{t}の数値例を作ってください。|[仮定が一つ崩れる|参加者が{n}人]とき、{t}はどう変わりますか。{u}との関係も。",
    "ar": "لديك {n} ملاحظة: [حلل|حل] حالة عن {t} وقارنها مع {u}.|ضع مثالا عدديا من {n} قيم عن {t}.|ماذا يتغير في {t} إذا كان هناك {n} أطراف؟ وما الصلة مع {u}؟",
}
