"""Phrases: a small grammar of alternatives, elicitation styles and makers of ordinary machine input."""

import re

_CHOICE = re.compile(r"\{([^{}]*\|[^{}]*)\}")


def expand(r, grammar):
    """Replace every {a|b} by one of its options, innermost first."""
    while _CHOICE.search(grammar):
        grammar = _CHOICE.sub(lambda m: r.choice(m[1].split("|")), grammar)
    return grammar


def narrow(r, grammar, keep):
    """Keep only a few options of each simple choice: an author's habits."""

    def cut(m):
        options = m[1].split("|")
        return "{" + "|".join(r.sample(options, min(len(options), keep))) + "|}"

    return _CHOICE.sub(cut, grammar).replace("|}", "}") if keep > 1 else expand(r, grammar)


# what an answer is asked to contain: style -> clauses, each reworded freely
STYLES = {
    "working": [
        "{Lay out|Write down|Let me see|Include|Put on the page} {each|every|the whole chain of} {inference|deduction|intermediate result|move you make} {before|ahead of|prior to} {the conclusion|your verdict|the final line}",
        "{I care about|What matters is|Give weight to} {how you got there|the path taken|the derivation} {more than|as much as|over} {the result|the number|the ending}",
        "{Name|List|Record} {two|three|a couple of} {routes|attempts|ideas} {you dropped|that fail|you would reject}, {and why|with the reason|plus what broke}",
        "{Double-check|Verify|Test} {the outcome|it|what you got} {by another method|from the other end|with a second pass}",
    ],
    "marking": [
        "{Mark|Grade|Assess} {this|the work above|what is shown} {against|on} {five|four|six} {criteria|dimensions|aspects} {of your own|you consider fair}, {0-10|1-5|percent} {for each|apiece}",
        "{Justify|Back up|Explain} {every|each} {mark|figure|rating} {with a quote|with evidence|in two sentences}",
        "{Then|Afterwards|At the end} {write|draft|produce} the {answer|version|response} {that would earn|deserving|which gets} {full marks|the top score}",
    ],
    "expert": [
        "{Answer|Reply|Write} {as though for|as if it were for|at the level of} {a graduate seminar|a specialist reader|a reference handbook}",
        "{Be exhaustive|Leave nothing out|Cover corner cases too|Go deep}; {length is no concern|take all the room you need|longer is better}",
        "{Add|Attach|Close with} {worked examples|a counter-example|two illustrations|common mistakes}",
        "{Structure|Organise} {it|the text} {from definitions to consequences|by headings|as numbered parts}",
    ],
    "agentic": [
        "{Simulate|Play through|Act out} {the tool calls|the terminal session|every command} {you would issue|needed}, {with|including} {arguments and what comes back|inputs and outputs}",
        "{Before each|Ahead of every} {step|action} {say|note} {what you expect|why this one|the goal}",
        "{If something fails|On an error}, {recover|adjust the plan|try a different tool} {and say so|in the transcript|visibly}",
    ],
    "record": [
        "{Return|Emit|Give back} {a JSON object|one record|an object} {holding|with} {question, thought, answer|task, plan, solution|input, rationale, output}",
        "{Keep|Make} {the middle|the rationale|the second} field {the longest|detailed|at least 200 words}",
        "{No|Skip any|Avoid} {prose|text|chatter} {around it|outside the object}",
    ],
    "coder": [
        "{Ship|Provide|Deliver} {complete|runnable|finished} {code|files} {with tests|and unit tests|plus a test file}, {no placeholders|nothing left out|no stubs}",
        "{Comment|Annotate|Explain} {why each block exists|the non-obvious choices|the design} {inline|in the source|as you go}",
        "{Discuss|State|Compare} {complexity|trade-offs|alternatives} {afterwards|at the end|in closing}",
    ],
    "persona": [
        "{Stay|Remain} in {character|role} as {a patient tutor|a senior colleague|a kind examiner} and {think aloud|talk me through it|voice your doubts}",
        "{Let|Have} {the learner|a sceptic} {interrupt|object} {twice|three times}, {and respond|and win them over} {fully|at length}",
    ],
}
FOREIGN = {
    "zh": "{请|麻烦|希望你}{把|将}{思考|推理|分析}的{过程|经过|脉络}{完整|详细|逐条}{写出来|展开|列出}，{再|然后|最后}{给出|说明}{结论|答案}。{篇幅不限|越细越好|不要省略}",
    "es": "{Explica|Desarrolla|Detalla} {cada paso|todo el razonamiento|la deducción completa} {antes de|previo a} {concluir|dar la respuesta}; {no omitas nada|sin atajos|con ejemplos}",
    "de": "{Lege|Schreibe|Stelle} {den Gedankengang|die Herleitung|jeden Zwischenschritt} {vollständig|ausführlich} dar, {bevor du antwortest|und erst dann das Ergebnis|mit Gegenprobe}",
    "fr": "{Détaille|Expose|Déroule} {tout le raisonnement|chaque étape|la démarche entière} {avant de|puis seulement} conclure, {sans rien abréger|avec une vérification|exemples à l'appui}",
    "ru": "{Опиши|Распиши|Покажи} {весь ход мысли|каждый шаг рассуждения|полный вывод}, {а потом|и лишь затем} {дай ответ|сделай вывод}, {ничего не пропуская|с проверкой}",
    "ja": "{考えた道筋|推論の過程|途中の判断}を{すべて|省略せず|順番に}{書いて|示して|説明して}から、{結論|最終的な答え}を{述べて|出して}ください",
    "pt": "{Mostre|Descreva|Escreva} {todo o raciocínio|cada passo|a dedução inteira} {antes da|e só então a} {conclusão|resposta}, {sem cortar nada|com exemplos}",
    "ko": "{결론|답}을 내기 전에 {생각의 흐름|추론 과정|각 단계}을 {빠짐없이|자세히} {적어 주세요|설명해 주세요}",
}


def clause_text(r, style, lang="en", n=None):
    """Return a fresh wording of a style's demands."""
    if lang in FOREIGN and r.random() < 0.8:
        return expand(r, FOREIGN[lang]) + "."
    clauses = r.sample(style, min(len(style), n or r.randint(1, 3)))
    return ". ".join(expand(r, c) for c in clauses) + "."


# language -> frames (%s topic, %a aspect), topics, aspects
TONGUES = {
    "es": ("¿Cómo puedo %a %s?/Necesito ayuda para %a %s/Dame ideas para %a %s/¿Qué opinas de %a %s en casa?", "mi currículum/una receta de lentejas/el motor de mi coche/un viaje a Lima/mi huerto/un contrato de alquiler/la tesis/una carta de queja/el presupuesto familiar/un gato viejo", "mejorar/entender/preparar/arreglar/resumir/planear/explicar a un niño/revisar"),
    "fr": ("Comment %a %s ?/Aide-moi à %a %s/J'aimerais %a %s, par où commencer ?/Peux-tu %a %s ?", "une lettre de motivation/mon jardin/un budget de vacances/le chauffage/un cours d'histoire/ma voiture/une quiche/un bail/un exposé sur Rome/mon sommeil", "améliorer/comprendre/préparer/corriger/résumer/organiser/présenter/simplifier"),
    "de": ("Wie kann ich %s %a?/Bitte %s %a/Ich möchte %s %a, hast du Tipps?/Kannst du mir helfen, %s zu %a?", "meine Bewerbung/den Mietvertrag/ein Brotrezept/die Steuererklärung/den Garten/eine Rede/das Fahrrad/den Lernplan/eine Reise nach Wien/den Dachboden", "verbessern/verstehen/planen/prüfen/kürzen/erklären/reparieren/ordnen"),
    "pt": ("Como posso %a %s?/Me ajude a %a %s/Quais são as dicas para %a %s?/Quero %a %s esta semana", "meu currículo/um bolo de milho/a monografia/uma viagem a Salvador/o aluguel/meu quintal/a internet de casa/um discurso/minha rotina/um cachorro idoso", "melhorar/entender/preparar/resumir/planejar/corrigir/explicar/organizar"),
    "ru": ("Как %a %s?/Помоги %a %s/Хочу %a %s, с чего начать?/Посоветуй, как %a %s", "резюме/рецепт борща/поездку в Казань/договор аренды/дипломную работу/ремонт кухни/семейный бюджет/речь на свадьбу/план тренировок/рассаду", "улучшить/понять/подготовить/проверить/сократить/объяснить/спланировать/описать"),
    "ja": ("%sを%aにはどうすればいいですか/%sを%a方法を教えて/%sを%aのを手伝って/今週中に%sを%aつもりです。注意点は？", "履歴書/味噌汁のレシピ/京都旅行の計画/引っ越しの手順/卒業論文/家計簿/自己紹介文/庭の手入れ/英語の学習計画/会議の議事録", "改善する/まとめる/準備する/見直す/説明する/短くする/分かりやすくする/作る"),
    "ko": ("%s %a 방법을 알려줘/%s %a 싶은데 도와줘/%s 어떻게 %a 좋을까?/이번 주에 %s %a 계획이야", "이력서를/김치찌개 레시피를/제주 여행을/전세 계약서를/졸업 논문을/가계부를/발표 자료를/운동 계획을/화분을/영어 일기를", "고치면/정리하면/준비하면/요약하면/설명하면/쓰면/검토하면/다듬으면"),
    "ar": ("كيف يمكنني %a %s؟/ساعدني في %a %s/أريد %a %s فمن أين أبدأ؟/ما رأيك في %a %s؟", "سيرتي الذاتية/وصفة العدس/رحلة إلى عمّان/عقد الإيجار/بحث التخرج/ميزانية البيت/خطاب الشكر/حديقة المنزل/جدول الدراسة/سيارتي القديمة", "تحسين/فهم/تحضير/مراجعة/تلخيص/تخطيط/شرح/ترتيب"),
    "hi": ("मैं %s कैसे %a?/%s %a में मेरी मदद करो/क्या आप %s %a का तरीका बताएँगे?/इस हफ़्ते %s %a है", "अपना बायोडाटा/दाल की रेसिपी/जयपुर की यात्रा/किराये का अनुबंध/शोध पत्र/घर का बजट/धन्यवाद पत्र/बगीचा/पढ़ाई की योजना/पुरानी बाइक", "सुधारना/समझना/तैयार करना/जाँचना/छोटा करना/समझाना/बनाना/लिखना"),
    "id": ("Bagaimana cara %a %s?/Tolong bantu %a %s/Saya ingin %a %s, mulai dari mana?/Berikan saran untuk %a %s", "CV saya/resep soto/perjalanan ke Malang/kontrak sewa/skripsi/anggaran rumah/surat lamaran/kebun/jadwal belajar/motor tua", "memperbaiki/memahami/menyiapkan/meringkas/merencanakan/menjelaskan/memeriksa/menulis ulang"),
}  # fmt: skip
FOLLOW = {
    "en": "{thanks|ok|hmm|nice}{, |. |: }{make it shorter|can you redo the {second|last|first} part|what about {costs|kids|winter|beginners|older versions}|why is that|give me {two|three|five} more|that did not work, it says {undefined|not found|timeout}|and in a table please}",
    "zh": "{好的|嗯|谢谢}，{再简短一点|能举个例子吗|为什么会这样|换一种说法|第二点再展开|那费用呢}",
    "es": "{vale|gracias|bien}, {hazlo más corto|¿por qué?|dame otro ejemplo|¿y si no tengo tiempo?}",
    "ru": "{спасибо|ок|понял}, {покороче|почему так|дай ещё пример|а если денег мало}",
    "fr": "{merci|ok|d'accord}, {plus court|pourquoi ?|un autre exemple|et pour un débutant ?}",
}
NOUN = "invoice shipment tenant ledger session cart patient sensor ticket voucher route booking payroll batch cursor quota webhook profile snapshot catalog supplier meter vehicle recipe lesson refund contract tariff gallery planet".split()
VERB = "merge load parse validate archive resolve fetch sync split rank export retry encode prune import schedule render cache migrate audit".split()
ADJ = "stale nested partial signed pending lazy remote duplicate optional frozen empty async legacy sparse".split()
NAME = "Amara Bilal Chen Dagny Eero Farida Goran Hana Ilse Jonas Kofi Leena Mateo Nadia Olek Priya Quinn Rosa Sven Tariq Uma Viktor Wanja Yuki Zofia".split()
PLACE = "Tampere Recife Pune Gdansk Osaka Lagos Leeds Cusco Izmir Hanoi Quebec Turin Perth Accra".split()


def ident(r):
    return f"{r.choice(VERB)}_{r.choice((*ADJ, ''))}_{r.choice(NOUN)}".replace("__", "_")


def diff(r):
    """A small change to some file."""
    path = f"{r.choice(('src', 'lib', 'pkg', 'app'))}/{r.choice(NOUN)}/{ident(r)}.{r.choice(('py', 'ts', 'go', 'rs', 'java'))}"
    lines = [
        f"diff --git a/{path} b/{path}",
        f"@@ -{r.randint(1, 400)},7 +{r.randint(1, 400)},9 @@",
    ]
    lines.extend(
        f"{r.choice('-+  ')}    {r.choice(NOUN)} = {ident(r)}({r.choice(NOUN)}, {r.choice(('timeout', 'limit', 'depth'))}={r.randint(1, 900)})"
        for _ in range(r.randint(2, 9))
    )
    return "\n".join(lines)


def source(r):
    """A function that somebody wants looked at."""
    a, b = r.sample(NOUN, 2)
    body = "\n".join(
        f"    {r.choice(NOUN)} = {ident(r)}({a}, {r.randint(0, 99)})"
        for _ in range(r.randint(2, 8))
    )
    return f"def {ident(r)}({a}, {b}=None):\n{body}\n    return {ident(r)}({b})"


def rows(r):
    """A request for made-up records."""
    cols = ", ".join(f"{r.choice(NOUN)}_{r.choice(('id', 'date', 'name', 'total', 'status', 'email'))}" for _ in range(r.randint(3, 7)))  # fmt: skip
    return f"table {ident(r)}: {cols}; {r.randint(5, 60)} {r.choice(('records', 'rows', 'entries'))}, locale {r.choice(PLACE)}"


def notice(r):
    """A headline or a log line for a feed or a monitor."""
    if r.random() < 0.5:
        return f"{r.choice(NAME)} {r.choice(NAME)}son of {r.choice(PLACE)} {r.choice(('opens', 'closes', 'sues', 'buys', 'praises'))} {r.choice(ADJ)} {r.choice(NOUN)} {r.choice(('plant', 'fund', 'museum', 'market'))}, {r.randint(2, 90)} {r.choice(('jobs', 'million', 'visitors'))}"
    return f"{r.choice(('WARN', 'ERROR', 'INFO'))} [{ident(r)}] {r.choice(ADJ)} {r.choice(NOUN)} {r.randint(1000, 99999)} {r.choice(('timed out', 'was dropped', 'recovered', 'exceeded limit'))} after {r.randint(2, 9000)} ms"


def scene(r):
    """A line that a game or a home gadget sends."""
    if r.random() < 0.5:
        return f"{r.choice(NAME)} ({r.choice(('guard', 'smith', 'healer', 'pilot', 'thief'))}) meets the player at {r.choice(PLACE)} gate; mood {r.choice(('wary', 'merry', 'tired', 'angry'))}; owes {r.randint(1, 90)} coins for a {r.choice(ADJ)} {r.choice(NOUN)}"
    return f"{r.choice(('kitchen', 'hall', 'garage', 'attic', 'porch'))} {r.choice(('lamp', 'heater', 'blind', 'fan'))}: set to {r.randint(0, 100)} when {r.choice(NAME)} {r.choice(('leaves', 'arrives', 'sleeps', 'wakes'))} before {r.randint(1, 23)}:{r.randint(10, 59)}"


def ask(r):
    """A people-like question made of parts, to widen what the corpora hold."""
    return expand(r, f"{{how do I|what is the best way to|can you help me|i want to|is it ok to|why can't I}} {r.choice(VERB)} {{a|my|the|our}} {r.choice(ADJ)} {r.choice(NOUN)} {{for|with|from|because of}} {r.choice(NAME)}{{?| in {r.choice(PLACE)}?| by {r.choice(('Friday', 'noon', 'March'))}| {{without|before}} losing {r.choice(NOUN)}s}}")  # fmt: skip


FABRICS = {"diff": diff, "source": source, "rows": rows, "notice": notice, "scene": scene, "ask": ask}  # fmt: skip
