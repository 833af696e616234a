/** A model that a make sells, with what its records vary over. */
export type Model = { readonly name: string; readonly body: string; readonly litres: string }

/** A manufacturer of the demo inventory. */
export type Make = {
  readonly id: number
  readonly name: string
  /** Cars of this make in every thousand. */
  readonly slots: number
  /** How many of those stand on Encar. */
  readonly korea: number
  /** First three characters of a VIN, of US lots and of Encar lots. */
  readonly wmi: readonly [string, string]
  readonly models: readonly Model[]
}

function make(id: number, name: string, slots: number, korea: number, wmi: string, models: string): Make {
  const [us = '', kr = us] = wmi.split(' ')
  const list = models.split(', ').map((text) => {
    const [model = '', body = 'sedan', litres = '2.0'] = text.split('/')
    return { name: model, body, litres }
  })
  return { id, name, slots, korea, wmi: [us, kr], models: list }
}

/** All manufacturers; their slots sum to 1000, the Encar ones to 400. */
export const makes: readonly Make[] = [
  make(3, 'Acura', 7, 0, '19U', 'TLX/sedan/2.4, MDX/suv/3.5, RDX/suv/2.0'),
  make(9, 'Audi', 45, 22, 'WAU', 'A4/sedan/2.0, A6/sedan/3.0, A3/sedan/2.0, Q5/suv/2.0, Q7/suv/3.0, A7/hatchback/3.0'),
  make(
    16,
    'BMW',
    75,
    40,
    'WBA',
    '3 Series/sedan/2.0, 5 Series/sedan/2.0, X3/suv/2.0, X5/suv/3.0, 7 Series/sedan/3.0, X1/suv/2.0',
  ),
  make(20, 'Buick', 6, 0, '1G4', 'Encore/suv/1.4, Enclave/suv/3.6'),
  make(22, 'Cadillac', 8, 0, '1G6', 'Escalade/suv/6.2, CT5/sedan/2.0, XT5/suv/3.6'),
  make(
    25,
    'Chevrolet',
    57,
    17,
    '1G1 KLA',
    'Malibu/sedan/1.5, Equinox/suv/1.5, Silverado/pickup/5.3, Cruze/sedan/1.4, Spark/hatchback/1.0, Trax/suv/1.4',
  ),
  make(27, 'Chrysler', 7, 0, '2C3', '300/sedan/3.6, Pacifica/minivan/3.6'),
  make(37, 'Dodge', 18, 0, '2C4', 'Charger/sedan/3.6, Durango/suv/3.6, Challenger/coupe/5.7, Journey/suv/3.6'),
  make(
    48,
    'Ford',
    65,
    4,
    '1FA',
    'F-150/pickup/3.5, Escape/suv/1.5, Explorer/suv/2.3, Fusion/sedan/2.5, Mustang/coupe/2.3, Edge/suv/2.0',
  ),
  make(50, 'Genesis', 30, 24, 'KMU KMT', 'G80/sedan/2.5, GV70/suv/2.5, G70/sedan/2.0, GV80/suv/3.5, G90/sedan/3.8'),
  make(53, 'GMC', 13, 0, '1GK', 'Sierra/pickup/5.3, Terrain/suv/1.5, Acadia/suv/3.6'),
  make(
    56,
    'Honda',
    50,
    3,
    '1HG',
    'Civic/sedan/2.0, Accord/sedan/1.5, CR-V/suv/1.5, Pilot/suv/3.5, Odyssey/minivan/3.5',
  ),
  make(
    58,
    'Hyundai',
    113,
    81,
    '5NP KMH',
    'Sonata/sedan/2.4, Elantra/sedan/2.0, Tucson/suv/2.4, Santa Fe/suv/2.4, Grandeur/sedan/3.0, Palisade/suv/3.8',
  ),
  make(60, 'Infiniti', 7, 0, 'JN1', 'Q50/sedan/3.0, QX60/suv/3.5'),
  make(62, 'Jaguar', 4, 1, 'SAJ', 'XF/sedan/2.0, F-Pace/suv/2.0'),
  make(63, 'Jeep', 26, 4, '1C4', 'Grand Cherokee/suv/3.6, Wrangler/suv/3.6, Compass/suv/2.4, Renegade/suv/2.4'),
  make(66, 'KGM', 20, 20, 'KPB', 'Rexton/suv/2.2, Tivoli/suv/1.6, Korando/suv/1.5, Torres/suv/1.5'),
  make(
    68,
    'Kia',
    95,
    70,
    '5XX KNA',
    'K5/sedan/2.0, Sorento/suv/2.2, Sportage/suv/2.0, Carnival/minivan/2.2, K8/sedan/2.5, Ray/hatchback/1.0',
  ),
  make(74, 'Land Rover', 10, 5, 'SAL', 'Range Rover Evoque/suv/2.0, Discovery/suv/3.0, Defender/suv/3.0'),
  make(76, 'Lexus', 14, 4, 'JTH', 'ES/sedan/2.5, RX/suv/3.5, NX/suv/2.0'),
  make(78, 'Lincoln', 6, 1, '5LM', 'Navigator/suv/3.5, Corsair/suv/2.0'),
  make(83, 'Mazda', 10, 0, 'JM1', 'Mazda3/sedan/2.5, CX-5/suv/2.5, CX-30/suv/2.5'),
  make(
    84,
    'Mercedes-Benz',
    75,
    42,
    'WDD',
    'E-Class/sedan/2.0, C-Class/sedan/2.0, S-Class/sedan/3.0, GLC/suv/2.0, GLE/suv/3.0, CLA/sedan/2.0',
  ),
  make(87, 'MINI', 10, 6, 'WMW', 'Cooper/hatchback/1.5, Countryman/suv/2.0'),
  make(88, 'Mitsubishi', 6, 0, 'JA4', 'Outlander/suv/2.5, Mirage/hatchback/1.2'),
  make(
    93,
    'Nissan',
    45,
    2,
    '1N4',
    'Altima/sedan/2.5, Rogue/suv/2.5, Sentra/sedan/2.0, Pathfinder/suv/3.5, Maxima/sedan/3.5',
  ),
  make(108, 'Porsche', 12, 8, 'WP1', 'Cayenne/suv/3.0, Macan/suv/2.0, Panamera/hatchback/2.9'),
  make(110, 'RAM', 16, 0, '1C6', '1500/pickup/5.7, 2500/pickup/6.7, ProMaster/van/3.6'),
  make(112, 'Renault Korea', 18, 18, 'KNM', 'SM6/sedan/2.0, QM6/suv/2.0, XM3/suv/1.3'),
  make(131, 'Subaru', 13, 0, 'JF2', 'Outback/wagon/2.5, Forester/suv/2.5, Impreza/hatchback/2.0'),
  make(135, 'Tesla', 13, 4, '5YJ', 'Model 3/sedan/electric, Model Y/suv/electric, Model S/sedan/electric'),
  make(
    140,
    'Toyota',
    60,
    4,
    '4T1',
    'Camry/sedan/2.5, Corolla/sedan/1.8, RAV4/suv/2.5, Highlander/suv/3.5, Tacoma/pickup/3.5, Sienna/minivan/3.5',
  ),
  make(
    147,
    'Volkswagen',
    36,
    14,
    '3VW',
    'Jetta/sedan/1.4, Tiguan/suv/2.0, Passat/sedan/2.0, Golf/hatchback/1.8, Atlas/suv/3.6',
  ),
  make(148, 'Volvo', 10, 6, 'YV4', 'XC60/suv/2.0, XC90/suv/2.0, S60/sedan/2.0'),
]
