"""Languages of the world's people and a stand-in translation.

Most corpora are English.  Writing in another language is imitated word by word: frequent English
function words become real ones, every other word always becomes the same invented word made of
syllables that are common in that language.  Texts keep their variety and their repetitions.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text."""
    return tuple(text.split())


_ENGLISH = words_of(
    "the a of to and in is for i you what how please write my with that can it on explain give "
    "from are this"
)
_WORD = re.compile(r"[A-Za-z]+")


@dataclass(slots=True)
class Language:
    """One language: where it is spoken and how its words look."""

    code: str
    share: float
    places: tuple[tuple[str, float], ...]
    """Country and hours ahead of UTC."""
    syllables: tuple[str, ...] = ()
    functions: dict[str, str] = field(default_factory=dict)
    spaced: bool = True
    _known: dict[str, str] = field(default_factory=dict)

    def word(self, english: str) -> str:
        """Return the stand-in for an English word."""
        found = self._known.get(english)
        if found is None:
            found = self.functions.get(english.lower())
            if found is None:
                digest = hashlib.blake2b(
                    f"{self.code}/{english.lower()}".encode(), digest_size=4
                ).digest()
                parts = 2 if len(english) < 7 or not self.spaced else 3
                glue = " " if self.code == "vi" else ""
                found = glue.join(self.syllables[b % len(self.syllables)] for b in digest[:parts])
            if english[0].isupper():
                found = found[0].upper() + found[1:]
            self._known[english] = found
        return found

    def translate(self, text: str) -> str:
        """Return text as this language writes it; digits and other scripts stay."""
        if not self.syllables:
            return text
        said = _WORD.sub(lambda m: self.word(m.group()), text)
        return said if self.spaced else said.replace(" ", "")


# code, share, places, syllables, function words in the order of _ENGLISH, spaced
_TABLE: tuple[tuple[str, float, str, str, str, bool], ...] = (
    (
        "zh",
        0.08,
        "CN 8,TW 8,SG 8,MY 8",
        "学 生 法 时 间 工 作 问 题 经 济 数 据 分 析 语 言 方 案 计 算 市 场 教 育 文 化 技 术 项 目 系 统 成 果",
        "这 一 的 到 和 在 是 为 我 你 什么 怎么 请 写 我的 与 那 能 它 上 解释 给 从 是 此",
        False,
    ),
    (
        "es",
        0.09,
        "ES 1,MX -6,CO -5,AR -3,CL -4,PE -5",
        "ca ción mien to ra do per so tra ba jo lla cer dis po ni ble en ti dad mos que ría gu",
        (
            "el un de a y en es para yo tú qué cómo por_favor escribe mi con que puede lo en explica da "
            "desde son este"
        ),
        True,
    ),
    (
        "pt",
        0.06,
        "BR -3,PT 0,AO 1,MZ 2",
        "ção men to ra do per so tra ba lho nha cer dis po ní vel en ti da de mos que ria gu lão",
        (
            "o um de para e em é para eu você que como por_favor escreva meu com que pode isso em "
            "explique dê de são este"
        ),
        True,
    ),
    (
        "fr",
        0.055,
        "FR 1,BE 1,CA -5,SN 0,CI 0,MA 1",
        "tion ment eur ou ais er que dis pon ble en té rai quoi cha pro gé lait vou deux teur",
        (
            "le un de à et dans est pour je vous que comment s_il_vous_plaît écrivez mon avec que peut "
            "cela sur expliquez donnez de sont ce"
        ),
        True,
    ),
    (
        "de",
        0.055,
        "DE 1,AT 1,CH 1",
        "ung keit schaft ver be ge ent lich zu sam ten bau werk zeit stand auf frag mei er stell",
        (
            "der ein von zu und in ist für ich du was wie bitte schreibe mein mit dass kann es auf "
            "erkläre gib von sind dies"
        ),
        True,
    ),
    (
        "ru",
        0.045,
        "RU 3,KZ 5,UA 2,BY 3",
        "про ста ние ть го ло ра бо та при ве де ни ко то ро сть мо де ли вы пол не раз",
        (
            "эта один из к и в есть для я ты что как пожалуйста напиши мой с что может это на объясни "
            "дай от есть этот"
        ),
        True,
    ),
    (
        "ja",
        0.045,
        "JP 9",
        "学 習 方 法 時 間 作 業 説 明 分 析 言 語 計 画 市 場 教 育 文 化 技 術 の に を は",
        (
            "その 一 の へ と で は ため 私 君 何 どう ください 書く 私の と その できる それ 上 説明 与 "
            "から です これ"
        ),
        False,
    ),
    (
        "ko",
        0.03,
        "KR 9",
        "하 는 방 법 시 간 작 업 설 명 분 석 언 어 계 획 시 장 교 육 기 술 문 제",
        (
            "그 한 의 에 그리고 안에 이다 위해 나 너 무엇 어떻게 제발 써줘 내 함께 그것 할수 그것 위 설명 "
            "줘 에서 이다 이"
        ),
        True,
    ),
    (
        "ar",
        0.04,
        "EG 2,SA 3,AE 4,MA 1,JO 3",
        "ال مع تا كي من در سة عم ل تق ني ات شر ح مش رو ع بر نا مج",
        "ال واحد من إلى و في هو ل أنا أنت ما كيف رجاء اكتب لي مع أن يمكن هو على اشرح أعط من هم هذا",
        True,
    ),
    (
        "hi",
        0.03,
        "IN 5.5,NP 5.75",
        "का र्य सम य प्र श्न भा षा वि का स शि क्षा यो ज ना तक नी क",
        "यह एक का को और में है लिए मैं आप क्या कैसे कृपया लिखो मेरा साथ कि सकता यह पर समझाओ दो से हैं यह",
        True,
    ),
    (
        "tr",
        0.025,
        "TR 3,CY 2",
        "lar ler mak mek da yap bil gi ger çek lik sı nı du rum ça lış ma kul",
        (
            "bu bir ın a ve de dir için ben sen ne nasıl lütfen yaz benim ile ki olabilir o üzerinde "
            "açıkla ver dan dir bu"
        ),
        True,
    ),
    (
        "id",
        0.03,
        "ID 7,MY 8",
        "meng an per ber ke ter kan lah si nya ba has ker ja bel ajar wak tu",
        (
            "itu sebuah dari ke dan di adalah untuk saya kamu apa bagaimana tolong tulis saya dengan "
            "bahwa bisa itu di jelaskan beri dari adalah ini"
        ),
        True,
    ),
    (
        "vi",
        0.02,
        "VN 7",
        "công việc thời gian học sinh phân tích ngôn ngữ kế hoạch thị trường giáo dục",
        (
            "cái một của đến và trong là cho tôi bạn gì sao xin viết tôi với rằng có_thể nó trên giải "
            "cho từ là này"
        ),
        True,
    ),
    (
        "pl",
        0.02,
        "PL 1",
        "nie sta pra ca ob roz wy po przy ność mo wać czy kie dla szko ła rze",
        (
            "ten jeden z do i w jest dla ja ty co jak proszę napisz mój z że może to na wyjaśnij daj od "
            "są to"
        ),
        True,
    ),
    (
        "it",
        0.025,
        "IT 1,CH 1",
        "zio ne men te ra to per so tra ba glia cer dis po ni bi le en ti tà",
        (
            "il un di a e in è per io tu che come per_favore scrivi mio con che può esso su spiega dai "
            "da sono questo"
        ),
        True,
    ),
)


def _places(text: str) -> tuple[tuple[str, float], ...]:
    return tuple((p.split()[0], float(p.split()[1])) for p in text.split(","))


def languages() -> dict[str, Language]:
    """Return fresh languages by code; English needs no translation."""
    found = {
        "en": Language("en", 0.36, _places("US -5,US -6,US -8,GB 0,CA -5,AU 10,IN 5.5,NG 1,KE 3"))
    }
    for code, share, places, syllables, functions, spaced in _TABLE:
        words = [w.replace("_", " ") for w in functions.split()]
        found[code] = Language(
            code,
            share,
            _places(places),
            tuple(syllables.split()),
            dict(zip(_ENGLISH, words, strict=False)),
            spaced,
        )
    return found
