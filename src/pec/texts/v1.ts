import type { Wording } from '../facts.ts';
import { writeLatin1 } from './latin1-v1.ts';
import type { TextModel, TextSet } from './model.ts';

/**
 * Texts, version 1. FROZEN: messages signed with it must come back byte for byte.
 * The Italian sentences are those of the rules (annex to DM 2 November 2005, RFC 6109 §3) as the largest
 * providers write them; customers' software searches for them.
 */
const messageLines: readonly string[] = ['Il giorno {day} alle ore {time} ({zone}) il messaggio'];
const inMessageLines: readonly string[] = ['Il giorno {day} alle ore {time} ({zone}) nel messaggio'];
const theMessageLines: readonly string[] = ['On {day} at {time} ({zone}) the message'];
const inTheMessageLines: readonly string[] = ['On {day} at {time} ({zone}) in the message'];

const fromToMany = ['"{subject}" proveniente da "{sender}"', 'ed indirizzato a:', '{recipients}'];
const fromToManyEnglish = ['"{subject}" from "{sender}"', 'and addressed to:', '{recipients}'];
const fromToUser = ['"{subject}" proveniente da "{sender}"', 'e destinato all\'utente "{recipient}"'];
const fromToUserEnglish = ['"{subject}" from "{sender}"', 'and addressed to the user "{recipient}"'];
const identifier = 'Identificativo messaggio: {identificativo}';
const identifierEnglish = 'Message identifier: {identificativo}';

function delivery(title: string, titleEnglish: string): { italian: TextModel; english: TextModel } {
  return {
    italian: {
      title,
      lines: [
        ...messageLines,
        '"{subject}" proveniente da "{sender}"',
        'ed indirizzato a "{recipient}"',
        'è stato consegnato nella casella di destinazione.',
        identifier,
      ],
    },
    english: {
      title: titleEnglish,
      lines: [
        ...theMessageLines,
        '"{subject}" from "{sender}"',
        'and addressed to "{recipient}"',
        'was successfully delivered to the destination mailbox.',
        identifierEnglish,
      ],
    },
  };
}

function timeout(lines: readonly string[], linesEnglish: readonly string[]) {
  return {
    italian: {
      title: 'Avviso di mancata consegna',
      lines: [...messageLines, ...fromToUser, ...lines, identifier],
    },
    english: {
      title: 'Non delivery pec notification',
      lines: [...theMessageLines, ...fromToUserEnglish, ...linesEnglish, identifierEnglish],
    },
  };
}

export const textsV1: TextSet = {
  version: 1,
  certified: { italian: 'posta certificata', english: 'certified mail' },
  ordinary: { italian: 'posta ordinaria', english: 'ordinary mail' },
  warning: { italian: 'ATTENZIONE: ', english: 'WARNING: ' },
  writeLatin1,
  texts: {
    acceptance: {
      italian: {
        title: 'Ricevuta di accettazione',
        lines: [...messageLines, ...fromToMany, 'è stato accettato dal sistema ed inoltrato.', identifier],
      },
      english: {
        title: 'Acceptance pec notification',
        lines: [
          ...theMessageLines,
          ...fromToManyEnglish,
          'has been accepted by the system and forwarded.',
          identifierEnglish,
        ],
      },
    },
    nonAcceptance: {
      italian: {
        title: "Errore nell'accettazione del messaggio",
        lines: [
          ...inMessageLines,
          ...fromToMany,
          "è stato rilevato un problema che ne impedisce l'accettazione a causa di {reason}.",
          'Il messaggio non è stato accettato.',
          identifier,
        ],
      },
      english: {
        title: 'Non acceptance pec notification',
        lines: [
          ...inTheMessageLines,
          ...fromToManyEnglish,
          'a problem was detected that prevents its acceptance due to {reason}.',
          'The message was not accepted.',
          identifierEnglish,
        ],
      },
    },
    virusNonAcceptance: {
      italian: {
        title: "Errore nell'accettazione del messaggio per presenza di virus",
        lines: [
          ...inMessageLines,
          ...fromToMany,
          'è stato rilevato un problema di sicurezza {virus}.',
          'Il messaggio non è stato accettato.',
          identifier,
        ],
      },
      english: {
        title: 'Non acceptance pec notification due to virus',
        lines: [
          ...inTheMessageLines,
          ...fromToManyEnglish,
          'a security problem was detected {virus}.',
          'The message was not accepted.',
          identifierEnglish,
        ],
      },
    },
    transport: {
      italian: {
        title: 'Messaggio di posta certificata',
        lines: [
          ...messageLines,
          '"{subject}" è stato inviato da "{sender}"',
          'indirizzato a:',
          '{recipients}',
          'Il messaggio originale è incluso in allegato.',
          '{warnings}',
          identifier,
        ],
      },
      english: {
        title: 'Certified mail message',
        lines: [
          ...theMessageLines,
          '"{subject}" was sent by "{sender}"',
          'and addressed to:',
          '{recipients}',
          'The original message is included as an attachment.',
          '{warnings}',
          identifierEnglish,
        ],
      },
    },
    timeout12: timeout(
      [
        "non è stato consegnato nelle prime dodici ore dal suo invio. Non escludendo che questo possa avvenire in seguito, si ritiene utile considerare che l'invio potrebbe non andare a buon fine. Il sistema provvederà comunque ad inviare un ulteriore avviso di mancata consegna se nelle prossime dodici ore non vi sarà la conferma della ricezione da parte del destinatario.",
      ],
      [
        'has not been delivered within the first twelve hours following its dispatch. Not excluding that this may happen later, it is deemed useful to consider that the dispatch might not have a positive outcome. The system will in any case send a further non delivery notification if in the following twelve hours no confirmation of reception is received from the recipient.',
      ],
    ),
    timeout24: timeout(
      [
        'non è stato consegnato nelle ventiquattro ore successive al suo invio. Si ritiene che la spedizione debba considerarsi non andata a buon fine.',
      ],
      [
        'has not been delivered within twenty-four hours of its dispatch. The transaction is deemed to be considered terminated with a negative outcome.',
      ],
    ),
    takeInCharge: {
      italian: {
        title: 'Ricevuta di presa in carico',
        lines: [...messageLines, ...fromToMany, 'è stato accettato dal sistema.', identifier],
      },
      english: {
        title: 'Server-server acceptance pec notification',
        lines: [
          ...theMessageLines,
          ...fromToManyEnglish,
          'has been accepted by the system.',
          identifierEnglish,
        ],
      },
    },
    anomaly: {
      italian: {
        title: 'Anomalia nel messaggio',
        lines: [
          'Il giorno {day} alle ore {time} ({zone}) è stato ricevuto il messaggio',
          ...fromToMany,
          'Tali dati non sono stati certificati per il seguente errore: {reason}.',
          'Il messaggio originale è incluso in allegato.',
          '{warnings}',
          identifier,
        ],
      },
      english: {
        title: 'Message anomaly',
        lines: [
          'On {day} at {time} ({zone}) a message was received:',
          ...fromToManyEnglish,
          'The data has not been certified due to the following error: {reason}.',
          'The original message is included as an attachment.',
          '{warnings}',
          identifierEnglish,
        ],
      },
    },
    virusDetection: {
      italian: {
        title: 'Avviso di rilevazione virus informatico',
        lines: [
          ...inMessageLines,
          ...fromToUser,
          'è stato rilevato un problema di sicurezza {virus}.',
          identifier,
        ],
      },
      english: {
        title: 'Virus detection pec notification',
        lines: [
          ...inTheMessageLines,
          ...fromToUserEnglish,
          'a security problem was detected {virus}.',
          identifierEnglish,
        ],
      },
    },
    virusNonDelivery: {
      italian: {
        title: 'Avviso di mancata consegna per virus',
        lines: [
          ...inMessageLines,
          '"{subject}"',
          'destinato all\'utente "{recipient}"',
          'è stato rilevato un problema di sicurezza {virus}.',
          'Il messaggio non è stato consegnato.',
          identifier,
        ],
      },
      english: {
        title: 'Non delivery pec notification due to virus',
        lines: [
          ...inTheMessageLines,
          '"{subject}"',
          'addressed to the user "{recipient}"',
          'a security problem was detected {virus}.',
          'The message was not delivered.',
          identifierEnglish,
        ],
      },
    },
    deliveryComplete: delivery('Ricevuta di avvenuta consegna', 'Delivery pec notification'),
    deliveryBrief: delivery('Ricevuta breve di avvenuta consegna', 'Brief delivery pec notification'),
    deliveryConcise: delivery('Ricevuta sintetica di avvenuta consegna', 'Concise delivery pec notification'),
    nonDelivery: {
      italian: {
        title: 'Avviso di mancata consegna',
        lines: [
          ...inMessageLines,
          ...fromToUser,
          'è stato rilevato un errore {reason}.',
          'Il messaggio è stato rifiutato dal sistema.',
          identifier,
        ],
      },
      english: {
        title: 'Non delivery pec notification',
        lines: [
          ...inTheMessageLines,
          ...fromToUserEnglish,
          'an error was detected {reason}.',
          'The message was rejected by the system.',
          identifierEnglish,
        ],
      },
    },
    duplicate: buildDuplicate({
      italian:
        'In allegato i dati di certificazione della ricevuta e la sua registrazione nel log, con il valore della firma apposta allora.',
      english:
        "Attached are the notification's certification data and its entry in the log, with the value of the signature made then.",
    }),
    provedDuplicate: buildDuplicate({
      italian:
        'In allegato i dati di certificazione della ricevuta, la sua registrazione nel log con il valore della firma apposta allora, e in prova.json la prova che la registrazione si trova nel log sigillato e marcato temporalmente: chiunque può verificarla senza il gestore.',
      english:
        "Attached are the notification's certification data, its entry in the log with the value of the signature made then, and in prova.json the proof that the entry stands in the sealed and time-stamped log: anybody can check it without the provider.",
    }),
  },
};

/** The statement that stands for a receipt; what is attached differs. */
function buildDuplicate(attached: Wording): Record<keyof Wording, TextModel> {
  return {
    italian: {
      title: 'Duplicato attestato di ricevuta di avvenuta consegna',
      lines: [
        'Il giorno {day} alle ore {time} ({zone}), su richiesta, il gestore attesta quanto segue.',
        'Dal log dei messaggi risulta che il giorno {issued}',
        'è stata emessa la ricevuta di avvenuta consegna ({receiptname})',
        '{reference}',
        'del messaggio "{subject}"',
        'proveniente da "{sender}"',
        'ed indirizzato a "{recipient}",',
        'consegnato nella casella di destinazione.',
        'Il messaggio originale che la ricevuta racchiudeva non è più conservato dal gestore: la ricevuta non può perciò essere riprodotta nella sua forma originaria.',
        attached.italian,
        identifier,
      ],
    },
    english: {
      title: 'Attested duplicate of a delivery pec notification',
      lines: [
        'On {day} at {time} ({zone}), on request, the provider attests what follows.',
        'The message log shows that on {issued}',
        'the delivery notification ({receiptname}) was issued',
        '{reference}',
        'for the message "{subject}"',
        'from "{sender}"',
        'and addressed to "{recipient}",',
        'successfully delivered to the destination mailbox.',
        'The original message that the notification enclosed is no longer kept by the provider: the notification therefore cannot be written again in its original form.',
        attached.english,
        identifierEnglish,
      ],
    },
  };
}
