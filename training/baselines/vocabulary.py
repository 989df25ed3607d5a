"""Words of the keyword baseline: how notes write common concepts, and what questions pad with."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# One concept a line: any of its spellings in a question stands for all of them in a note.
# After => what the note may say instead, which in a question stands for itself alone.
_CONCEPTS = """
atrial fibrillation|atrial fib|afib|a-fib|a fib|af|paf|atrial flutter|a-flutter|aflutter
heart failure|chf|congestive heart failure|hfref|hfpef
cardiomyopathy
myocardial infarction|heart attack|mi|nstemi|stemi|non-stemi|infarct
coronary artery disease|coronary disease|cad|ischemic heart disease|ashd
angina|angina pectoris|anginal chest pain|chest pain on exertion
ischemia|ischemic changes|myocardial ischemia|reversible defect
stroke|cva|cerebrovascular accident|cerebral infarction|ischemic stroke
transient ischemic attack|tia|tias
systemic embolism|arterial embolism|embolic event
pulmonary embolism|pe|pulmonary emboli
deep vein thrombosis|dvt|deep venous thrombosis
diabetes|diabetes mellitus|dm|dm2|dmii|iddm|niddm|t2dm|t1dm|diabetic|type 2 diabetes|\
type 1 diabetes
ketoacidosis|dka
hypertension|htn|high blood pressure|hypertensive
hyperlipidemia|hypercholesterolemia|dyslipidemia|high cholesterol|hld
mitral stenosis|ms of the mitral valve|mitral valve stenosis|rheumatic mitral disease
mechanical prosthetic heart valve|mechanical heart valve|mechanical valve => mechanical mitral|\
mechanical aortic|st. jude valve|on-x
valve replaced|heart valve replaced|valve replacement|prosthetic valve => mvr|avr|tavr
intracranial hemorrhage|intracranial bleed|ich|subdural|subarachnoid hemorrhage|\
intracerebral hemorrhage|brain hemorrhage|brain bleed|hemorrhagic stroke|sah|sdh
gastrointestinal bleeding|gi bleed|gi bleeding|gib|gastrointestinal hemorrhage => melena|\
hematemesis|hematochezia|rectal bleeding
bleeding|hemorrhage|major bleeding|bleed
peptic ulcer|peptic ulcer disease|pud|gastric ulcer|duodenal ulcer|stomach ulcer
endocarditis|infective endocarditis|sbe
pericarditis|pericardial inflammation
thyrotoxicosis|hyperthyroidism|graves
hypothyroidism|hypothyroid
pregnant|pregnancy|gravid|intrauterine pregnancy|iup
breastfeeding|breast feeding|lactating|nursing her baby
male|man|gentleman|boy
female|woman|lady|girl
alcohol|etoh|alcoholic|alcoholism|drinks|drinking|beer|wine|ethanol
illicit drugs|illicit drug|drug abuse|drugs of abuse|drug use|recreational drugs|\
substance abuse|abused drugs|recreational drug|misuse drugs|street drugs => cocaine|heroin|\
methamphetamine|marijuana|ivdu|iv drug
smoking|smoke|smokes|smoker|tobacco|cigarettes|cigarette
english|english-speaking
medical decisions|decisions|decision-making capacity|oriented => alert and oriented|oriented x3|\
a&ox3|aox3|oriented times three|a&o x3
intra-abdominal surgery|abdominal surgery|abdominal operation => laparotomy|appendectomy|\
cholecystectomy|hysterectomy|colectomy|bowel resection|hernia repair|cesarean|c-section|\
gastric bypass|splenectomy|nephrectomy
small bowel obstruction|bowel obstruction|sbo
amputation|bka|aka|amputated|amputee
retinopathy|diabetic retinopathy
nephropathy|diabetic nephropathy|proteinuria
neuropathy|diabetic neuropathy|peripheral neuropathy
kidney disease|chronic kidney disease|ckd|renal insufficiency|chronic renal failure|\
kidney damage|renal failure|kidney failure
dialysis|hemodialysis|esrd|peritoneal dialysis
dietary supplement|dietary supplements|supplements|vitamins|vitamin => multivitamin|fish oil|\
calcium|folic acid|omega-3|glucosamine|ferrous sulfate|b12
aspirin|asa|ecotrin|acetylsalicylic acid|baby aspirin
p2y12 inhibitor|p2y12 => clopidogrel|plavix|prasugrel|effient|ticagrelor|brilinta
clopidogrel|plavix
prasugrel|effient
ticagrelor|brilinta
anticoagulant|anticoagulated|anticoagulation|blood thinner => warfarin|coumadin|apixaban|\
eliquis|rivaroxaban|xarelto|dabigatran|pradaxa|heparin|enoxaparin|lovenox
warfarin|coumadin
apixaban|eliquis
rivaroxaban|xarelto
enoxaparin|lovenox
statin => atorvastatin|lipitor|simvastatin|zocor|rosuvastatin|crestor|pravastatin|lovastatin
atorvastatin|lipitor
simvastatin|zocor
rosuvastatin|crestor
beta blocker|beta-blocker => metoprolol|lopressor|toprol|atenolol|carvedilol|coreg|bisoprolol|\
propranolol|labetalol|nadolol
metoprolol|lopressor|toprol
carvedilol|coreg
ace inhibitor|ace-inhibitor|acei => lisinopril|enalapril|captopril|ramipril|benazepril|quinapril
angiotensin receptor blocker => losartan|valsartan|irbesartan|candesartan|olmesartan|cozaar|\
diovan
antihypertensive|blood pressure medication|medication for blood pressure|\
medication for high blood pressure|medication for hypertension => lisinopril|amlodipine|norvasc|\
hydrochlorothiazide|hctz|losartan|valsartan|metoprolol|atenolol|diltiazem|carvedilol|enalapril|\
clonidine|hydralazine
diuretic => furosemide|lasix|torsemide|bumetanide|hydrochlorothiazide|hctz|spironolactone
furosemide|lasix
nitrate => nitroglycerin|isosorbide|imdur
insulin => lantus|humalog|novolog|glargine|nph
metformin|glucophage
steroid|steroids|corticosteroid => prednisone|prednisolone|methylprednisolone|dexamethasone|\
solu-medrol
nsaid|nsaids|anti-inflammatory => ibuprofen|naproxen|motrin|advil|aleve|ketorolac|meloxicam
opioid|opioids|opiate|narcotic => oxycodone|morphine|hydrocodone|fentanyl|hydromorphone|\
percocet|dilaudid
antidepressant|ssri => sertraline|fluoxetine|citalopram|escitalopram|paroxetine|zoloft|prozac|\
bupropion
copd|chronic obstructive pulmonary disease|emphysema|obstructive lung disease
asthma|asthmatic|reactive airway
cancer|malignancy|malignant => carcinoma|lymphoma|leukemia|metastatic
chemotherapy|chemo
depression|depressive|depressed|mdd
dementia|alzheimer|alzheimer's|cognitive impairment
seizure|seizures|convulsion => epilepsy
coronary medication => aspirin|clopidogrel|nitroglycerin|metoprolol|atenolol|carvedilol|\
isosorbide
liver disease|hepatic disease => cirrhosis|hepatitis
pacemaker|ppm
defibrillator|icd|aicd
cabg|coronary bypass|coronary artery bypass|bypass surgery|bypass graft
stent|pci|angioplasty|percutaneous coronary intervention
reflux|gerd|gastroesophageal reflux
sleep apnea|osa|cpap
fever|febrile|fevers
shortness of breath|dyspnea|sob|short of breath
chest pain|cp
ejection fraction|lvef|ef|left ventricular ejection fraction
creatinine|cr|creat|serum creatinine
platelet|platelets|plt|plts|platelet count
hemoglobin a1c|hba1c|a1c|hgba1c|glycated hemoglobin|hb a1c|hgb a1c|glycohemoglobin
hemoglobin|hgb|hb|h/h
hematocrit|hct
alanine aminotransferase|alt|sgpt
aspartate aminotransferase|ast|sgot
systolic blood pressure|systolic|systolic bp|sbp => bp|blood pressure
diastolic blood pressure|diastolic|diastolic bp|dbp => bp|blood pressure
blood pressure|bp
white blood cell|white blood cells|wbc|white count|leukocyte count|white blood cell count
sodium|na
potassium|k
glucose|blood sugar|fingerstick
urea nitrogen|bun|blood urea nitrogen
troponin|trop
natriuretic peptide|bnp|nt-probnp|probnp
thyroid-stimulating hormone|tsh|thyrotropin
ldl|ldl cholesterol
heart rate|hr|pulse|ventricular rate
respiratory rate|rr|respirations
oxygen saturation|o2 sat|spo2|sats|saturation|o2 saturation
temperature|temp|tmax
weight|wt|weighs|weighed
height|ht
body mass index|bmi
inr|international normalized ratio
lactate|lactic acid
bilirubin|tbili|t bili
albumin|alb
pack-years|pack-year|pack years|pack year
"""


def _concepts() -> Mapping[str, tuple[str, ...]]:
    """Spelling in a question -> spellings in a note; of the first line that lists the spelling."""
    found: dict[str, tuple[str, ...]] = {}
    for line in _CONCEPTS.strip().splitlines():
        own, _, members = line.partition(" => ")
        spellings = tuple(own.split("|"))
        for spelling in spellings:
            found.setdefault(spelling, spellings + tuple(filter(None, members.split("|"))))
    return MappingProxyType(found)


CONCEPTS = _concepts()

# Spellings that are ordinary words or other abbreviations unless written in capitals in a note.
CAPITALS_ONLY = frozenset({"af", "mi", "ms", "pe", "cp", "k", "na", "hr", "ht", "ef", "cr", "rr"})

_PADDING = """
a an the is are was were be been being am do does did has have had having will would can could
should may might must shall of in on at to for from by with without within as than that this these
those there any some ever never now not no his her their its own him them they it who whom whose
which what when where how why if then so such like including meaning due also too about after
before during since until over under between per up down out off other another more most less
least many much several few all each every both either one two three four five six seven eight
nine ten first last current currently recent recently present presently past previous previously
prior history known documented recorded reported noted mentioned stated given listed described
diagnosed diagnosis diagnoses evidence patient patient's patients person note visit encounter time
times day days week weeks month months year years old ago today taking take takes took taken
receive receives received receiving use uses used using prescribed treated treatment treat get
gets getting got undergo undergone underwent experience experienced suffer suffers suffered show
shows showed shown found moderate severe mild active serious major significant acute chronic
advanced high low small large new cause causes caused because result results value values level
levels count number measured measurement amount total highest lowest peak minimum maximum nadir
initial final latest baseline admission discharge admitted discharged hospital hospitalization
percent thousands thousand microliter deciliter liter units unit serum plasma blood lab laboratory
test medication medications drug drugs medicine therapy disease disorder condition problem weekly
recommended limits limit age long able make makes speak speaks prevent type mg/dl g/dl ml/min u/l
iu/l mmhg mmol/l ng/ml pg/ml meq/l kg mg mcg cm mm ml g gram grams kilograms milligrams
milliseconds minutes hours centimeters millimeters degrees fahrenheit celsius pounds duration
approximate dose dosage daily size rate
"""
PADDING = frozenset(_PADDING.split())
